"""Thread counts come back as they were."""

import os

import pytest
import torch

from rcnas_zoo.execution.threads import one_thread_for_children, one_torch_thread


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_torch_has_one_thread_within_and_its_own_after(three_threads):
    with one_torch_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_the_count_comes_back_after_an_error(three_threads):
    with pytest.raises(KeyError), one_torch_thread():
        raise KeyError
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "MKL_NUM_THREADS"])
@pytest.mark.parametrize("before", [None, "7"])
def test_the_variables_are_set_within_and_restored(monkeypatch, variable, before):
    monkeypatch.delenv(variable, raising=False)
    if before:
        monkeypatch.setenv(variable, before)
    with one_thread_for_children():
        assert os.environ[variable] == "1"
    assert os.environ.get(variable) == before
