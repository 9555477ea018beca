import re
from pathlib import Path

import pytest

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.benchmarking.methods import DEFAULT, METHODS
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings


def test_every_method_stands_once_and_the_default_ones_are_among_them():
    assert len(set(METHODS)) == len(METHODS)
    assert set(DEFAULT) <= set(METHODS)


def test_all_stands_for_every_method():
    assert TaskBenchmarkSettings(methods=("all",)).methods == METHODS


def test_lists_are_as_good_as_tuples_and_settings_can_be_looked_up():
    lists = TaskBenchmarkSettings(methods=["sat"], seeds=[0], attacks=["naa"], radii=["1/10"])
    assert {lists: 1}[TaskBenchmarkSettings(methods=("sat",), seeds=(0,), attacks=("naa",), radii=("1/10",))]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("hydre",)}, "a method of a benchmark must be one of all, rc-nas, .*, got 'hydre'"),
        ({"methods": ()}, "the methods must be at least one, each given once, got none"),
        ({"seeds": (1, 1)}, "the seeds must be at least one, each given once, got 1, 1"),
        ({"trials": 0}, "the trials of a study must be .*got 0"),
        ({"visits": 0}, "the visits of a search must be .*got 0"),
        ({"subset_samples": 0}, "the subset for AutoAttack must be .*got 0"),
        ({"attacks": ("naa", "squaer")}, r"an attack must be one of .*, got 'squaer' \(did you mean 'square'"),
        ({"attacks": ("pgd",)}, "an attack pgd must name its steps, such as pgd-20, got 'pgd'"),
        ({"radii": ("1/10", "0.1")}, "the radii must be at most 64, each given once, got '1/10, 0.1'"),
        ({"radii": tuple(f"{n}/255" for n in range(1, 66))}, "the radii must be at most 64, each given once, got "),
        ({"radii": ("0",)}, r"the radius of a threat must be a fraction or decimal in \(0, 1\] such as 8/255, got '0'"),
        ({"radii": ("8",)}, "write 8/255 if you mean pixel steps"),
    ],
)
def test_what_makes_no_benchmark_is_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        TaskBenchmarkSettings(**changes)


def test_the_reference_names_every_method():
    page = (Path(__file__).parents[3] / "docs" / "reference.md").read_text(encoding="utf-8")
    section = page[page.index("## Benchmarks on a task") :]
    named = set(re.findall(r"`([a-z0-9-]+)`", section[: section.index("\n## ", 5)]))
    assert set(METHODS) <= named
