from pathlib import Path

import pytest

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows import machine
from rcnas_zoo.workflows.machine import Machine, available_cores


def test_the_cache_is_that_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RCNAS_CACHE", str(tmp_path))
    assert Machine().cache == tmp_path
    assert Machine(cache=Path("other")).cache == Path("other")


def test_a_device_is_named_as_torch_names_it():
    assert Machine(device="cpu").device_name() == "cpu"


def test_workers_that_are_given_are_taken():
    assert Machine(workers=3).worker_count() == 3


def test_by_default_there_is_one_worker_a_core_and_one_on_a_gpu(monkeypatch):
    monkeypatch.setattr(machine, "available_cores", lambda: 6)
    assert Machine(device="cpu").worker_count() == 6
    monkeypatch.setattr(Machine, "device_name", lambda _: "cuda:0")
    assert Machine().worker_count() == 1


def test_a_negative_number_of_workers_is_refused():
    with pytest.raises(InvalidInput, match="the workers must be at least 0 and at most 1024, got -1"):
        Machine(workers=-1)


def test_cores_that_this_process_may_not_use_do_not_count(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3}, raising=False)
    assert available_cores() == 1


def test_a_system_without_affinities_counts_all_cores(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert available_cores() == 5
