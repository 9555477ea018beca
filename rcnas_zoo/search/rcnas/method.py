"""RC-NAS and R-NAS as search methods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.searchers import warm_agent
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import SearchProblem, SearchResult

if TYPE_CHECKING:
    from rcnas_zoo.candidates.evaluator import CandidateEvaluator


@dataclass(frozen=True)
class RcnasMethod:
    """Fine-tuning of the agent on one task (Algorithm 2).

    Algorithm 2 pre-trains the encoder once more on the target task; that would move the state under a trained policy,
    so an encoder that came with a policy stays as it is.

    Attributes:
        settings: the agent's options.
        evaluations: networks to visit.
        batch: networks evaluated at a time; more than ``settings.steps`` means that the policy lags behind.
        seed: seed of the pre-training, the fresh weights and the draws.
        reward: how the evaluator makes its rewards.
        policy: a meta-trained policy to start from (`rcnas_zoo.search.rcnas.actor.policy_part`): RC-NAS; None starts
            afresh: R-NAS.
    """

    settings: RcnasSettings = field(default_factory=RcnasSettings)
    evaluations: int = 10
    batch: int = 1
    seed: int = 0
    reward: RewardSettings = field(default_factory=RewardSettings)
    policy: Mapping[str, Tensor] | None = None

    def run(self, problem: SearchProblem, evaluator: "CandidateEvaluator", observer: Observer) -> SearchResult:
        """See `SearchMethod.run`; the result's state is the searcher's, the policy among it."""
        return run_searcher(
            self._searcher(problem, observer), problem, evaluator, self.evaluations, self.batch, observer
        )

    def _searcher(self, problem: SearchProblem, observer: Observer) -> RcnasSearcher:
        space = ResidualSpace.of(problem.teacher.spec)
        if self.policy is not None:
            knowledge = Knowledge(self.policy)
            return warm_agent(problem, Given(space, self.evaluations, self.seed, self.reward, knowledge, self.settings))
        actor = Actor.fresh(self.settings, len(space.teacher.stages), self.seed)
        if actor.r_squared is not None:
            observer.metric("encoder_r_squared", actor.r_squared, 0)
        return RcnasSearcher(problem, actor, self.seed, self.reward, space)
