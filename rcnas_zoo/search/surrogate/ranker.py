"""The surrogate at work on one task: it ranks networks, hears what one is worth, and ranks better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, accuracy_ratio, reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.table import stages_of
from rcnas_zoo.search.knowledge import Experience
from rcnas_zoo.search.surrogate.features import design, network_features
from rcnas_zoo.search.surrogate.model import Belief, fit
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, SearchProblem

CANDIDATES = 256
_OPTIMISM = 0.5
_GREEDY_AT_LAST = 3


@dataclass(frozen=True, eq=False)
class Prior:
    """What a meta-training's evaluations say about a task that is new.

    Attributes:
        centre, scale: of the features, float64 (f,).
        severity: mean of the tasks.
        belief: about the weights of the ratio of accuracies.
    """

    centre: Tensor
    scale: Tensor
    severity: float
    belief: Belief

    def rows(self, specs: Sequence[ResidualSpec], severity: float) -> Tensor:
        """The design (n, p) of networks in a task of this severity."""
        features = torch.tensor([network_features(spec) for spec in specs], dtype=torch.float64)
        centred = torch.full((len(specs),), severity - self.severity, dtype=torch.float64)
        return design((features - self.centre) / self.scale, centred)


@lru_cache(maxsize=8)
def prior_of(experience: Experience, like: ResidualSpec) -> Prior:
    """The prior that an experience gives.

    Args:
        experience: evaluations of other tasks.
        like: a network whose input, classes and stem the tabulated stages are taken with; it decides MACs.

    Raises:
        InvalidInput: the networks have another number of stages.
    """
    if experience.stages.shape[1] != len(like.stages):
        raise InvalidInput(
            f"a policy's evaluations must be of networks of {len(like.stages)} stages, got {experience.stages.shape[1]}"
        )
    specs = [replace(like, stages=stages_of(row)) for row in experience.stages]
    features = torch.tensor([network_features(spec) for spec in specs], dtype=torch.float64)
    centre, scale = features.mean(0), features.std(0, correction=0).clamp_min(1e-3)
    severity = float(experience.severity[experience.task].mean())
    prior = Prior(centre, scale, severity, Belief(torch.zeros(0), torch.zeros(0, 0), 1.0))
    rows = design((features - centre) / scale, experience.severity[experience.task] - severity)
    return replace(prior, belief=fit(rows, experience.ratio, experience.task))


class SurrogateRanker:
    """Ranks networks by their reward, optimistically: mean and half a standard deviation, and at last the mean alone.

    The model is of the ratio of accuracies only. Compression and cost are known exactly, so they are weighed in
    afterwards.

    Args:
        problem: the task.
        prior: what is believed before the first outcome.
        settings: how rewards are made.
        evaluations: outcomes that there will be.
    """

    candidates = CANDIDATES

    def __init__(self, problem: SearchProblem, prior: Prior, settings: RewardSettings, evaluations: int) -> None:
        self._problem = problem
        self._prior = prior
        self._settings = settings
        self._evaluations = evaluations
        self._severity = 1 - problem.teacher.accuracy
        self._belief = prior.belief
        self._told = 0
        self._known: dict[ResidualSpec, tuple[Tensor, float]] = {}

    def best(self, specs: Sequence[ResidualSpec]) -> int:
        """Which of the networks, by number, promises the highest reward."""
        known = [self._look(spec) for spec in specs]
        mean, spread = self._belief.predict(torch.stack([row for row, _ in known]))
        optimism = 0.0 if self._told >= self._evaluations - _GREEDY_AT_LAST else _OPTIMISM
        factors = torch.tensor([factor for _, factor in known], dtype=torch.float64)
        # Optimism raises what a network is worth, also where its factor is negative.
        return int((mean * factors + optimism * spread * factors.abs()).argmax())

    def observe(self, spec: ResidualSpec, outcome: Outcome) -> None:
        """Learn from an outcome; a network that was not trained says nothing."""
        self._told += 1
        if outcome.status == "trained":
            row, _ = self._look(spec)
            self._belief = self._belief.update(row, accuracy_ratio(outcome.accuracy, self._problem))

    def state(self) -> dict[str, Tensor]:
        """What was learned."""
        return {
            "mean": self._belief.mean.clone(),
            "covariance": self._belief.covariance.clone(),
            "told": torch.tensor(self._told),
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave."""
        self._belief = replace(self._belief, mean=state["mean"].clone(), covariance=state["covariance"].clone())
        self._told = int(state["told"])

    def _look(self, spec: ResidualSpec) -> tuple[Tensor, float]:
        """A network's row of the design, and what the reward multiplies its ratio of accuracies by."""
        if spec not in self._known:
            price, problem = cost(spec), self._problem
            value = reward(1.0, price.parameters, min(price.macs, problem.budget), problem, self._settings)
            row = self._prior.rows([spec], self._severity)[0]
            self._known[spec] = row, value / accuracy_ratio(1.0, problem)
        return self._known[spec]
