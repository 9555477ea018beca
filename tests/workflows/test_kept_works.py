import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.workflows.kept_works import KIND, Made, keep, kept, work_key
from rcnas_zoo.workflows.scales import SCALES, asked_for
from rcnas_zoo.workflows.twins import work_for

TABLE = load_table("table-1")
TINY = SCALES["tiny"]
WORK = work_for(TABLE.rows[0], "cifar10", TINY)
ASKED = asked_for(TABLE, TINY)
MEASURED = Measurement(
    dataset="digits",
    split="test",
    data_digest="d",
    threat="linf@1/5",
    samples=64,
    seed=0,
    clean_accuracy=0.75,
    attacks={"pgd-20": 0.5},
    settings={"pgd-20": {}},
    robust_accuracy=0.5,
    interval=(0.4, 0.6),
)
MADE = Made("a" * 64, 100, 1000, (MEASURED,), 0.0, 1.5, "run")


def test_what_was_made_comes_back(machine):
    assert kept(WORK, ASKED, machine) is None
    keep(WORK, ASKED, machine, MADE)
    assert kept(WORK, ASKED, machine) == MADE
    again = replace(MADE, policy="b" * 64)
    keep(WORK, ASKED, machine, again)
    assert kept(WORK, ASKED, machine) == again


def test_another_work_or_question_is_another_answer(machine):
    keep(WORK, ASKED, machine, MADE)
    other = work_for(TABLE.find("wrn-34-12"), "cifar10", TINY)
    assert kept(other, ASKED, machine) is None
    assert kept(WORK, replace(ASKED, samples=65), machine) is None
    assert kept(WORK, replace(ASKED, attacks=("pgd-20",)), machine) is None
    assert kept(work_for(TABLE.rows[0], "cifar100", TINY), ASKED, machine) == MADE


def test_what_another_torch_made_is_not_shown(machine, monkeypatch):
    keep(WORK, ASKED, machine, MADE)
    monkeypatch.setattr("torch.__version__", "0.0")
    assert kept(WORK, ASKED, machine) is None


@pytest.mark.parametrize("version", ["training.ENGINE_VERSION", "verdicts.ENGINE_VERSION"])
def test_what_another_engine_made_is_not_shown(version, machine, monkeypatch):
    keep(WORK, ASKED, machine, MADE)
    monkeypatch.setattr(f"rcnas_zoo.candidates.{version}", 0)
    assert kept(WORK, ASKED, machine) is None


def test_a_damaged_file_is_set_aside(machine):
    keep(WORK, ASKED, machine, MADE)
    folder = ContentCache(machine.cache).folder(KIND, work_key(WORK, ASKED, machine))
    (folder / "made.json").write_text(json.dumps({**asdict(MADE), "macs": 1}))
    assert kept(WORK, ASKED, machine) is None
    assert not folder.exists()


@given(st.sampled_from(sorted(asdict(MADE))), st.none() | st.integers(-3, 3) | st.text(max_size=5) | st.just([]))
def test_what_is_read_is_checked(name, value):
    data = {**asdict(MADE), name: value}
    try:
        made = Made.from_dict(json.loads(json.dumps(data)))
    except InvalidInput:
        return
    assert json.loads(json.dumps(made.to_dict()))[name] == value


@pytest.mark.parametrize("change", [{"macs": 0}, {"measured": []}, {"seconds": -1}, {"other": 1}, {"run_id": 3}])
def test_what_cannot_be_is_refused(change):
    with pytest.raises(InvalidInput):
        Made.from_dict({**asdict(MADE), **change})
