from dataclasses import replace
from math import log

import pytest
import torch

from rcnas_zoo.search.rcnas.features import FEATURES, LIPS_FEATURES, task_features, teacher_pattern
from rcnas_zoo.spec.errors import InvalidInput
from tests.search.formula import LIPS


def test_each_stage_has_a_row_of_lips_stage_and_cost(problem):
    spec = problem.teacher.spec
    middle = replace(spec.stages[1], block="robust", depth=11)
    teacher = replace(spec, stages=(spec.stages[0], middle, spec.stages[2]))
    rows = task_features(teacher, LIPS, macs=8000, budget=2000)
    assert rows.shape == (3, FEATURES)
    costs = [log(8000), log(2000), log(0.25)]
    expected = [
        [*LIPS, log(32), 2 / 11, 0, 0, 0.0, *costs],
        [*LIPS, log(64), 1.0, 1, 1, 0.5, *costs],
        [*LIPS, log(128), 2 / 11, 1, 0, 1.0, *costs],
    ]
    torch.testing.assert_close(rows, torch.tensor(expected))


def test_a_teacher_of_one_stage_has_features(problem):
    spec = replace(problem.teacher.spec, stages=problem.teacher.spec.stages[:1])
    assert task_features(spec, LIPS, 8000, 2000).isfinite().all()


def test_the_pattern_is_the_teachers_own_bits(problem):
    assert teacher_pattern(problem.teacher.spec).tolist() == [[0, 0], [1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("lips", "message"),
    [
        (LIPS[:6], "the LIPS statistics must have 7 elements"),
        ((*LIPS[:6], float("nan")), "a LIPS statistic must be a finite number in"),
        ((*LIPS[:6], -1.0), "a LIPS statistic must be a finite number in"),
    ],
)
def test_statistics_that_would_spoil_the_state_are_refused(problem, lips, message):
    assert LIPS_FEATURES == 7
    with pytest.raises(InvalidInput, match=message):
        task_features(problem.teacher.spec, lips, 8000, 2000)
