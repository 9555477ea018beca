"""What people are told of a comparison, and what they are not."""

from dataclasses import replace

import pytest
import torch

from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.paired import compare_verdicts
from rcnas_zoo.workflows.compare import Comparison
from rcnas_zoo.workflows.compare_text import comparison_text, verdict


@pytest.fixture(scope="module")
def report():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    images = torch.rand(8, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    return replace(evaluate(model, images, torch.arange(8) % 2, attacks=["clean"], threat="linf@1/9"), flags=())


def paired(both, only_a, only_b, neither):
    a = torch.tensor([True] * (both + only_a) + [False] * (only_b + neither))
    b = torch.tensor([True] * both + [False] * only_a + [True] * only_b + [False] * neither)
    return compare_verdicts(a, b)


@pytest.fixture
def told(report):
    """A comparison with these numbers of images for every attack, and the same flags of a and b."""

    def make(*numbers, attacks=("clean", "pgd-2", "cw-2"), flags=(), **changes):
        comparisons = {name: paired(*numbers) for name in (*attacks, "worst case")}
        flagged = replace(report, flags=flags)
        made = Comparison("./one", "./other", "digits", ("dataset", "threat"), report, flagged, comparisons, ())
        return replace(made, **changes)

    return make


def test_the_better_one_is_named_with_its_lead(told):
    assert verdict(told(50, 30, 10, 10)) == "A withstands more: +20.0 points (7.8 to 31.4), p = 0.0022"
    assert verdict(told(50, 10, 30, 10)) == "B withstands more: +20.0 points (7.8 to 31.4), p = 0.0022"


@pytest.mark.parametrize("numbers", [(50, 12, 10, 10), (50, 0, 0, 10), (50, 5, 0, 10), (0, 0, 0, 1)])
def test_no_more_is_said_than_the_images_show(told, numbers):
    assert verdict(told(*numbers)).startswith("no difference is shown: ")


def test_without_an_attack_nothing_is_withstood(told):
    assert verdict(told(50, 30, 10, 10, attacks=("clean",))).startswith("A is right more often: ")


def test_a_lead_that_may_deceive_is_doubted(told):
    flags = ("zero-gradients: seen",)
    assert verdict(told(50, 10, 30, 10, flags=flags)).endswith("p = 0.0022; but see the warnings on it")
    assert verdict(told(50, 30, 10, 10, flags=flags)).endswith("p = 0.0022")
    assert "warning: B: zero-gradients: seen" in comparison_text(told(50, 30, 10, 10, flags=flags)).splitlines()


def test_the_table_has_a_row_an_attack(told):
    a, b, about, _, header, _, *rows = comparison_text(told(50, 30, 10, 10)).splitlines()
    assert (a, b) == ("A: ./one", "B: ./other")
    assert about == "8 test images of digits, threat linf@1/9, seed 0 (data set and threat as of A)"
    assert header.split() == ["attack", "A", "B", "A", "-", "B", "(points)", "95", "%", "interval", "won", "lost", "p"]
    assert rows[0].split() == ["clean", "80.0", "%", "60.0", "%", "+20.0", "7.8", "to", "31.4", "30", "10", "0.0022"]
    assert [row.split()[0] for row in rows[:4]] == ["clean", "pgd-2", "cw-2", "worst"]


@pytest.mark.parametrize("attacks", [("clean",), ("clean", "pgd-2")])
def test_a_worst_case_of_one_is_no_row(told, attacks):
    text = comparison_text(told(50, 30, 10, 10, attacks=attacks))
    assert "worst case" not in text
    assert all(f"\n{name} " in text for name in attacks)


def test_what_was_asked_for_is_not_called_that_of_a(told):
    assert "(" not in comparison_text(told(50, 30, 10, 10, from_a=())).splitlines()[2]


def test_what_is_left_out_is_told(told):
    assert "warning: fgsm is left out, it has no" in comparison_text(told(50, 30, 10, 10, left_out=("fgsm",)))
