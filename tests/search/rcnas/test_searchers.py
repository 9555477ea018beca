import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from tests.search.formula import Formula, make_problem
from tests.search.rcnas.conftest import QUICK
from tests.search.test_method import Notes

SETTINGS = RcnasSettings(**QUICK)


def warm(policy, evaluations, **options):
    return NamedMethod("rc-nas", evaluations, knowledge=Knowledge(policy), agent=SETTINGS, **options)


def test_without_a_policy_the_agent_starts_afresh_and_reports_its_encoder(problem):
    notes = Notes()
    result = NamedMethod("r-nas", 6, seed=2, agent=SETTINGS).run(problem, Formula(), notes)
    searcher = RcnasSearcher(problem, Actor.fresh(SETTINGS, 3, 2), 2, RewardSettings())
    assert result.visits[0].proposal == searcher.propose(1)[0]
    assert len(result.visits) == 6
    assert notes.metrics[0][0] == "encoder_r_squared"


def test_with_a_policy_the_search_starts_from_what_it_learned(knowledge):
    problem = make_problem("digits/pgd-20/wrn-16-2/12m")
    # A policy that wants everything large and every stage down-sampled.
    policy = {**policy_part(knowledge), "policy.gaussian.bias": torch.tensor([4.0, 4.0, -1.5, -1.5])}
    policy["policy.bernoulli.bias"] = torch.tensor([5.0, -5.0])
    notes = Notes()
    method = warm(policy, 1)
    (visit,) = method.run(problem, Formula(), notes).visits
    assert [stage.width for stage in visit.proposal.spec.stages] == [32, 64, 128]
    assert [stage.stride for stage in visit.proposal.spec.stages] == [2, 2, 1]
    assert visit.proposal.note.startswith("stage 3: down-sampling ignored")
    assert all(name != "encoder_r_squared" for name, _, _ in notes.metrics)


def test_the_policy_that_a_search_leaves_can_start_the_next(problem, knowledge):
    first = warm(knowledge, 8).run(problem, Formula(), Silent())
    second = warm(first.state, 3).run(problem, Formula(), Silent())
    assert [visit.proposal.id for visit in second.visits] == [0, 1, 2]
    assert not torch.equal(first.state["policy.gaussian.bias"], knowledge["policy.gaussian.bias"])


@pytest.mark.parametrize("batch", [1, 4])
def test_a_search_repeats_for_the_same_seed(problem, knowledge, batch):
    method = warm(knowledge, 9, batch=batch, seed=5)
    assert method.run(problem, Formula(), Silent()).visits == method.run(problem, Formula(), Silent()).visits
