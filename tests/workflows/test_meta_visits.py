import pytest

from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.search.rcnas.meta import MetaStep
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.workflows.meta_visits import MetaVisits, means
from tests.search.formula import make_problem, outcome_of

PROBLEM = make_problem()
SPACE = ResidualSpace.of(PROBLEM.teacher.spec)


class Tasks:
    names = ("easy", "hard")

    def roots(self, number):
        return [SPACE.teacher]


@pytest.fixture
def visits():
    made = MetaVisits()
    for proposal in RandomSearcher(SPACE, PROBLEM.budget, 0).propose(5):
        outcome = outcome_of(PROBLEM, proposal.spec)
        made.add(MetaStep(proposal.id // 2, proposal.id % 2, proposal.id % 2, SPACE.smallest(), proposal, outcome, 0.5))
    return made


def test_the_table_tells_each_visit(visits):
    rows = visits.table(Tasks(), 2)
    proposals = RandomSearcher(SPACE, PROBLEM.budget, 0).propose(5)
    for number, (row, proposal) in enumerate(zip(rows, proposals, strict=True)):
        outcome = outcome_of(PROBLEM, proposal.spec)
        assert (row["iteration"], row["step"], row["task"]) == (number // 2, number % 2, Tasks.names[number % 2])
        assert (row["spec"], row["digest"]) == (proposal.spec.to_dict(), proposal.spec.digest)
        assert (row["reward"], row["accuracy"], row["macs"]) == (outcome.reward, outcome.accuracy, outcome.macs)
        assert (row["status"], row["root_compression"]) == ("trained", 0.5)
        assert row["teacher"] == SPACE.smallest().digest


@pytest.mark.parametrize("empty", [False, True])
def test_what_is_stored_comes_back(visits, empty):
    given, again = MetaVisits() if empty else visits, MetaVisits()
    again.restore(given.state())
    assert again.table(Tasks(), 2) == given.table(Tasks(), 2)
    assert again.rewards == given.rewards


def test_only_whole_iterations_have_a_mean():
    assert means([1.0, 2.0, 3.0, 5.0, 9.0], 2) == [1.5, 4.0]
