"""RC-NAS as a searcher: draws actions, turns them into networks, and learns from their rewards (Algorithm 2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, annealing, reward
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.baseline import Baseline
from rcnas_zoo.search.rcnas.drawing import Drawn, Filter
from rcnas_zoo.search.rcnas.features import task_features, teacher_pattern
from rcnas_zoo.search.rcnas.policy import ActionDistribution
from rcnas_zoo.search.rcnas.tensors import prefixed, under
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.surrogate.ranker import SurrogateRanker
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem


@dataclass(frozen=True)
class Draw:
    """An action that the policy has not learned from yet.

    Attributes:
        action: shape (stages, 4), see `rcnas_zoo.search.rcnas.policy`.
        temperature: what it was drawn at.
        reward: what came of it; None until it is observed.
        own: whether the policy drew it, and so learns from it.
    """

    action: Tensor
    temperature: float
    reward: float | None = None
    own: bool = True


class RcnasSearcher:
    """Searches one task with an actor; the actor learns after every T observed networks.

    Draws over the budget, or of a network visited before, are drawn again (`rcnas_zoo.search.rcnas.drawing`).

    Args:
        problem: the task, its teacher and budget.
        actor: the agent; it is changed by learning.
        seed: seed of the draws.
        reward: how the evaluator makes its rewards, for annealing.
        space: where to look; None takes all compressions of the teacher.
        ranker: chooses among many draws and learns from every outcome; None takes the first draw that fits.

    Raises:
        InvalidInput: the teacher is not a residual network, or no network of the space meets the budget.
    """

    def __init__(
        self,
        problem: SearchProblem,
        actor: Actor,
        seed: int,
        reward: RewardSettings,
        space: ResidualSpace | None = None,
        ranker: SurrogateRanker | None = None,
    ) -> None:
        self._ranker = ranker
        self._space = space or ResidualSpace.of(problem.teacher.spec)
        self._space.require_budget(problem.budget)
        teacher, facts = ResidualSpace.of(problem.teacher.spec).teacher, problem.teacher
        self._problem = problem
        self._reward_settings = reward
        self._actor = actor
        self._states = actor.states(task_features(teacher, facts.lips, facts.macs, problem.budget))
        self._pattern = teacher_pattern(teacher)
        self._generator = torch.Generator().manual_seed(seed)
        self._baseline = Baseline(actor.settings.baseline, actor.settings.baseline_decay)
        self._ledger = Ledger()
        self._open: dict[int, Draw] = {}

    @property
    def r_squared(self) -> float | None:
        """How well the states of its encoder can be decoded on held-out tasks; None if it came with a policy."""
        return self._actor.r_squared

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`."""
        return [self._propose() for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`; the policy is updated once T outcomes are in.

        Raises:
            InvalidInput: the proposal is not waiting for an outcome.
        """
        draw = self._open.get(proposal.id)
        if draw is None or draw.reward is not None:
            raise InvalidInput(f"an observed proposal must be one that waits for its outcome, got number {proposal.id}")
        self._open[proposal.id] = replace(draw, reward=self._reward(outcome))
        if self._ranker is not None and isinstance(proposal.spec, ResidualSpec):
            self._ranker.observe(proposal.spec, outcome)
        observed = {number: draw for number, draw in self._open.items() if draw.reward is not None}
        if len(observed) == self._actor.settings.steps:
            self._learn(list(observed.values()))
            self._open = {number: draw for number, draw in self._open.items() if number not in observed}

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`; the actor's state is part of it."""
        stages = len(self._pattern)
        draws = list(self._open.values())
        rewards = [torch.nan if draw.reward is None else draw.reward for draw in draws]
        return {
            **self._actor.state(),
            **prefixed("ranker", self._ranker.state() if self._ranker else {}),
            "searcher.generator": self._generator.get_state(),
            "searcher.baseline": self._baseline.state(),
            "searcher.seen": self._ledger.state(),
            "searcher.open": torch.tensor(list(self._open), dtype=torch.int64),
            "searcher.actions": torch.cat([torch.zeros(0, stages, 4), *(draw.action[None] for draw in draws)]),
            "searcher.temperatures": torch.tensor([draw.temperature for draw in draws], dtype=torch.float64),
            "searcher.rewards": torch.tensor(rewards, dtype=torch.float64),
            "searcher.own": torch.tensor([draw.own for draw in draws], dtype=torch.bool),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Searcher.restore`; the actor is restored too."""
        self._actor.restore(state)
        self._generator.set_state(state["searcher.generator"])
        self._baseline.restore(state["searcher.baseline"])
        self._ledger.restore(state["searcher.seen"])
        if self._ranker is not None:
            self._ranker.restore(under("ranker", state))
        columns = zip(
            state["searcher.open"].tolist(),
            state["searcher.actions"].clone(),
            state["searcher.temperatures"].tolist(),
            state["searcher.rewards"].tolist(),
            state["searcher.own"].tolist(),
            strict=True,
        )
        self._open = {
            number: Draw(action, temperature, None if isnan(value) else value, own)
            for number, action, temperature, value, own in columns
        }

    def _propose(self) -> Proposal:
        temperature = self._actor.settings.temperature(len(self._ledger))
        drawn = self._choose(self._distribution(torch.tensor(temperature)))
        proposal = self._ledger.add(drawn.spec, drawn.note)
        self._open[proposal.id] = Draw(drawn.action, temperature, own=drawn.own)
        return proposal

    def _choose(self, distribution: ActionDistribution) -> Drawn:
        settings = self._actor.settings
        draws = Filter(self._space, self._problem.budget, settings, self._ledger)
        mode_first = settings.first_query_mean and len(self._ledger) == 0
        if self._ranker is None:
            return draws.choose(distribution, self._generator, mode_first)
        return draws.choose_ranked(distribution, self._generator, self._ranker, mode_first)

    def _distribution(self, temperature: Tensor) -> ActionDistribution:
        return self._actor.distribution(self._states, self._pattern).at(temperature)

    def _reward(self, outcome: Outcome) -> float:
        """The outcome's reward, with the penalty of a network over the budget annealed while that lasts."""
        epsilon = annealing(self._actor.iteration, self._actor.settings.annealing)
        if epsilon == 0 or outcome.macs <= self._problem.budget:
            return outcome.reward
        achieved = (outcome.accuracy, outcome.parameters, outcome.macs)
        return reward(*achieved, self._problem, self._reward_settings, epsilon, outcome.margin)

    def _learn(self, draws: list[Draw]) -> None:
        """All rewards are compared with the baseline; the policy moves for its own draws alone."""
        advantages = self._baseline.advantages(torch.tensor([draw.reward for draw in draws]))
        own = [number for number, draw in enumerate(draws) if draw.own]
        if not own:
            return
        temperatures = torch.tensor([draws[number].temperature for number in own])
        actions = torch.stack([draws[number].action for number in own])
        self._actor.learn(self._distribution(temperatures), actions, advantages[own])
