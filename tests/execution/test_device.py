"""`pick_device`: on machines with and without graphics cards."""

import pytest
import torch

from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.spec.errors import InvalidInput, Unavailable


@pytest.fixture
def cards(monkeypatch):
    """Makes the machine look as if it had this many."""

    def pretend(count: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return pretend


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [("cpu", 2, "cpu"), ("auto", 0, "cpu"), ("auto", 2, "cuda:0"), ("cuda", 1, "cuda:0"), ("cuda:1", 2, "cuda:1")],
)
def test_the_word_becomes_a_device(cards, name, count, expected):
    cards(count)
    assert pick_device(name) == torch.device(expected)


@pytest.mark.parametrize(("name", "count"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_an_absent_card_is_unavailable(cards, name, count):
    cards(count)
    with pytest.raises(Unavailable, match=f"device {name} must answer, but this machine has {count} CUDA devices; use"):
        pick_device(name)


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:-1", "cuda:0 ", "CPU"])
def test_another_word_is_refused(name):
    with pytest.raises(InvalidInput, match=f"a device must be one of auto, cpu, cuda, cuda:0, got '{name}'"):
        pick_device(name)


def test_a_slip_gets_its_neighbour():
    with pytest.raises(InvalidInput, match=r"did you mean 'cuda'\?"):
        pick_device("cudda")
