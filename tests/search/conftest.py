import pytest

from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.search import SearchProblem
from tests.search.formula import make_problem


@pytest.fixture
def problem() -> SearchProblem:
    return make_problem()


@pytest.fixture
def space(problem: SearchProblem) -> ResidualSpace:
    return ResidualSpace.of(problem.teacher.spec)
