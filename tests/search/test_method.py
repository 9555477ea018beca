from collections.abc import Mapping

import torch

from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.space import StageAction
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Outcome, Proposal
from tests.search.formula import Formula, outcome_of


class Scripted:
    """Proposes given networks in turn, and keeps what it was told."""

    def __init__(self, specs) -> None:
        self.specs, self.next, self.told = specs, 0, []

    def propose(self, count: int) -> list[Proposal]:
        start, self.next = self.next, self.next + count
        return [Proposal(index, self.specs[index % len(self.specs)]) for index in range(start, self.next)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        self.told.append((proposal.id, outcome.reward))

    def state(self):
        return {"next": torch.tensor(self.next)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self.next = int(state["next"])


class Notes(Silent):
    def __init__(self) -> None:
        self.metrics, self.steps = [], []

    def metric(self, name, value, step):
        self.metrics.append((name, value, step))

    def progress(self, label, done, total, note=""):
        self.steps.append((label, done, total, note))


def scripted(space):
    small = StageAction(0.5, 0.5, downsample=True, robust=False)
    middle, _ = space.decode([small] * 3)
    return Scripted([space.teacher, space.smallest(), middle])


def test_the_last_batch_is_cut_to_the_evaluations_asked_for(problem, space):
    evaluator = Formula()
    result = run_searcher(scripted(space), problem, evaluator, 5, 2, Silent())
    assert evaluator.batches == [2, 2, 1]
    assert [visit.proposal.id for visit in result.visits] == [0, 1, 2, 3, 4]
    assert result.distinct == 3
    assert int(result.state["next"]) == 5


def test_the_searcher_is_told_every_outcome_in_order(problem, space):
    searcher = scripted(space)
    result = run_searcher(searcher, problem, Formula(), 4, 3, Silent())
    assert searcher.told == list(enumerate(result.rewards))


def test_the_observer_sees_each_reward_and_the_best_trained_one(problem, space):
    notes = Notes()
    result = run_searcher(scripted(space), problem, Formula(), 3, 3, notes)
    assert outcome_of(problem, space.teacher).status == "over-budget"
    rewards = result.rewards
    assert [(value, step) for name, value, step in notes.metrics if name == "reward"] == list(
        zip(rewards, (1, 2, 3), strict=True)
    )
    # The teacher is over the budget, so nothing is the best until the second visit.
    assert [(value, step) for name, value, step in notes.metrics if name == "best_reward"] == [
        (rewards[1], 2),
        (max(rewards[1:]), 3),
    ]
    assert [step[:3] for step in notes.steps] == [("search", done, 3) for done in (1, 2, 3)]
    assert notes.steps[0][3] == "reward -1.000 (over-budget)"
    assert notes.steps[1][3] == f"reward {rewards[1]:.3f} (trained), best {rewards[1]:.3f}"
