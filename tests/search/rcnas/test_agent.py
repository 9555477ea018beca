import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.searchers import printed_agent
from rcnas_zoo.search.rcnas.settings import PRINTED
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Outcome, Proposal
from tests.search.formula import Formula, make_problem, outcome_of

# What the learning curve is measured with: no help from filters, modes or temperatures that change on their own.
PLAIN = {"steps": 5, "baseline": "leave-one-out", "first_query_mean": False, "avoid_repeats": False}


def go_on(searcher, problem, visits, batch=1):
    return run_searcher(searcher, problem, Formula(), visits, batch, Silent())


def mean_gain(result):
    """Mean reward of the last fifth of the visits less that of the first."""
    fifth = len(result.rewards) // 5
    return (sum(result.rewards[-fifth:]) - sum(result.rewards[:fifth])) / fifth


def test_two_hundred_updates_raise_the_reward(problem, make_searcher):
    result = go_on(make_searcher(learning_rate=1e-3, **PLAIN), problem, 1000, 5)
    assert mean_gain(result) > 0.1


def test_without_learning_the_reward_does_not_rise(problem, make_searcher):
    result = go_on(make_searcher(learning_rate=0.0, **PLAIN), problem, 1000, 5)
    assert abs(mean_gain(result)) < 0.05


def test_the_same_seed_gives_the_same_search(problem, make_searcher):
    first, again, other = (go_on(make_searcher(seed), problem, 15) for seed in (3, 3, 4))
    assert first.visits == again.visits
    assert first.visits != other.visits
    assert all(torch.equal(value, again.state[name]) for name, value in first.state.items())


def test_proposals_are_within_the_budget_and_new(problem, make_searcher):
    result = go_on(make_searcher(), problem, 25)
    assert {visit.outcome.status for visit in result.visits} == {"trained"}
    assert result.distinct == 25


def test_without_the_filter_most_first_proposals_are_over_the_budget(problem, make_searcher):
    proposals = make_searcher(cost_filter=False, ratio_centre=0.9).propose(25)
    assert any(cost(proposal.spec).macs > problem.budget for proposal in proposals)


def test_a_budget_that_hardly_any_draw_meets_still_gets_proposals(make_actor):
    tight = make_problem("digits/pgd-20/wrn-16-2/123k")
    proposals = RcnasSearcher(tight, make_actor(tries=3), 0, RewardSettings()).propose(4)
    assert [proposal.id for proposal in proposals] == [0, 1, 2, 3]


def test_the_first_proposal_is_the_mode_of_the_policy(make_searcher):
    found = {make_searcher(seed).propose(1)[0].spec for seed in range(5)}
    assert len(found) == 1
    (spec,) = found
    assert [(stage.width, stage.depth, stage.stride) for stage in spec.stages] == [(16, 1, 1), (32, 1, 2), (64, 1, 2)]
    assert len({make_searcher(seed, first_query_mean=False).propose(1)[0].spec for seed in range(5)}) > 1


def test_the_policy_moves_after_every_t_outcomes_in_whatever_order(problem, make_searcher):
    searcher, shuffled = make_searcher(steps=3), make_searcher(steps=3)
    proposals = searcher.propose(4)
    assert shuffled.propose(4) == proposals
    for proposal in proposals[:2]:
        searcher.observe(proposal, outcome_of(problem, proposal.spec))
    assert int(searcher.state()["actor.iteration"]) == 0
    searcher.observe(proposals[2], outcome_of(problem, proposals[2].spec))
    for proposal in (proposals[2], proposals[0], proposals[1]):
        shuffled.observe(proposal, outcome_of(problem, proposal.spec))
    ours, theirs = searcher.state(), shuffled.state()
    assert int(ours["actor.iteration"]) == 1
    assert ours["searcher.open"].tolist() == [3]
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name != "searcher.rewards")


@pytest.mark.parametrize("waiting", [0, 2])
def test_a_restored_searcher_goes_on_as_if_it_had_never_stopped(problem, make_searcher, waiting):
    first = make_searcher(steps=3)
    go_on(first, problem, 7)
    proposals = first.propose(waiting)
    second = make_searcher(seed=99, steps=3)
    second.restore(first.state())
    results = []
    for searcher in (first, second):
        for proposal in proposals:
            searcher.observe(proposal, outcome_of(problem, proposal.spec))
        results.append(go_on(searcher, problem, 8))
    assert results[0].visits == results[1].visits
    assert results[0].state.keys() == results[1].state.keys()
    for name, value in results[0].state.items():
        assert torch.equal(value.nan_to_num(), results[1].state[name].nan_to_num())


def test_an_outcome_counts_once_and_only_for_a_proposal_of_this_search(problem, make_searcher):
    searcher = make_searcher(steps=5)
    (proposal,) = searcher.propose(1)
    outcome = outcome_of(problem, proposal.spec)
    searcher.observe(proposal, outcome)
    for stranger in (proposal, Proposal(7, proposal.spec)):
        with pytest.raises(InvalidInput, match=f"waits for its outcome, got number {stranger.id}"):
            searcher.observe(stranger, outcome)


def test_the_penalty_of_violators_anneals_with_the_updates(problem, make_searcher):
    searcher = make_searcher(annealing=2, steps=1, cost_filter=False)
    learned = []
    searcher._baseline.advantages = lambda rewards: learned.extend(rewards.tolist()) or rewards
    over = Outcome(-1.0, 0.0, macs=problem.budget + 1, parameters=1000, status="over-budget")
    within = Outcome(0.7, 0.5, macs=problem.budget, parameters=1000, status="trained")
    for outcome in (over, over, over, within):
        (proposal,) = searcher.propose(1)
        searcher.observe(proposal, outcome)
    # (1 - i / 2)^4 is 1, 1/16, 0; a network never trained has an accuracy and so a plain reward of 0.
    assert learned == pytest.approx([0.0, 1 / 16 - 1, -1.0, 0.7])


def test_a_budget_below_the_smallest_network_is_refused(make_actor):
    with pytest.raises(InvalidInput, match="a budget must be at least"):
        RcnasSearcher(make_problem("digits/pgd-20/wrn-16-2/1k"), make_actor(), 0, RewardSettings())


def test_the_attack_and_the_budget_change_what_a_trained_policy_does(problem, make_actor):
    actor = make_actor(learning_rate=1e-2)
    go_on(RcnasSearcher(problem, actor, 0, RewardSettings()), problem, 20)
    other = make_problem("digits/clean/wrn-16-2/1m", lips=(0.0,) * 7)
    modes = [
        RcnasSearcher(task, actor, 0, RewardSettings())._distribution(torch.tensor(1.0)).mean
        for task in (problem, other)
    ]
    assert not torch.equal(*modes)


class Prefers:
    """A ranker that takes the first of the policy's draws, or the last of all, which was drawn uniformly."""

    candidates = 16

    def __init__(self, own: bool) -> None:
        self.own = own

    def best(self, specs):
        return 0 if self.own else len(specs) - 1

    def observe(self, spec, outcome):
        pass

    def state(self):
        return {}


@pytest.mark.parametrize("own", [True, False])
def test_the_policy_learns_from_its_own_draws_alone(problem, make_actor, own):
    searcher = RcnasSearcher(problem, make_actor(), 0, RewardSettings(), ranker=Prefers(own))
    go_on(searcher, problem, 6)
    assert int(searcher.state()["actor.iteration"]) == (6 if own else 0)


def test_a_printed_agent_needs_a_policy_that_was_trained_as_printed(problem, space, knowledge):
    plain, printed = Knowledge(knowledge), Knowledge(knowledge, PRINTED)
    with pytest.raises(InvalidInput, match="meta-trained as the paper prints it, got one without"):
        printed_agent(problem, Given(space, 5, knowledge=plain))
    assert printed_agent(problem, Given(space, 5, knowledge=printed)).propose(1)
