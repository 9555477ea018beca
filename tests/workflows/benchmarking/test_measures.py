import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.measures import PART, WHOLE, Measure, measures_of
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings

TASK = "digits/pgd-20/wrn-10-1/500k"
THREAT = ThreatModel.parse("linf@1/5")


def measures(task=TASK, classes=10, **asked):
    return measures_of(Task.parse(task), TaskBenchmarkSettings(**asked), THREAT, classes)


def test_without_a_wish_it_is_the_usual_attacks():
    found = measures(subset_samples=16)
    assert (found.whole, found.part, found.samples, found.radii) == (WHOLE, PART, 16, ())


@pytest.mark.parametrize("name", ["fgsm", "pgd-250", "cw-50", "apgd-ce", "apgd-dlr", "naa"])
def test_a_cheap_gradient_attack_sees_every_image(name):
    found = measures(attacks=(name,))
    assert (found.whole, found.part) == ((*WHOLE, name), PART)


@pytest.mark.parametrize(
    "name", ["pgd-251", "apgd-t", "fab-t", "square", "hopskipjump", "a3", "a3-search", "torchattacks:FGSM"]
)
def test_a_dear_one_or_one_of_unknown_cost_sees_the_subset(name):
    found = measures(attacks=(name,))
    assert (found.whole, found.part) == (WHOLE, (*PART, name))


def test_the_attack_of_the_task_is_measured_by_the_same_rule():
    assert measures("digits/fgsm/wrn-10-1/500k").whole == (*WHOLE, "fgsm")
    assert measures("digits/square/wrn-10-1/500k").part == (*PART, "square")


def test_what_is_measured_anyway_or_named_twice_runs_once():
    attacks = ("naa", "pgd-20", "autoattack", "clean", "naa", "fgsm")
    found = measures("digits/fgsm/wrn-10-1/500k", attacks=attacks, radii=("1/10", "0.2"))
    assert (found.whole, found.part) == ((*WHOLE, "fgsm", "naa"), PART)
    each = found.each
    assert len(set(each)) == len(each)
    assert each[-1] == Measure("pgd-20", ThreatModel.parse("linf@1/10"))


def test_a_subset_is_said_with_the_attacks_that_see_it():
    samples = {each.attack: each.samples for each in measures(attacks=("a3", "naa"), subset_samples=7).each}
    assert samples == {"pgd-20": 0, "cw-40": 0, "naa": 0, "autoattack": 7, "a3": 7}


@given(st.sets(st.integers(1, 64), min_size=1, max_size=9).flatmap(lambda steps: st.permutations(sorted(steps))))
def test_radii_ascend_and_hold_the_benchmarks_own(steps):
    found = [threat.radius for threat in measures(radii=tuple(f"{step}/255" for step in steps)).radii]
    assert found == sorted({*found, THREAT.radius})
    assert len(found) == len({*steps, 51})


def test_an_attack_that_cannot_be_made_here_is_told_at_once():
    with pytest.raises(InvalidInput, match="needs at least 4 classes, got 3"):
        measures(classes=3, attacks=("apgd-t",))
    with pytest.raises(InvalidInput, match="FGSN"):
        measures(attacks=("torchattacks:FGSN",))
