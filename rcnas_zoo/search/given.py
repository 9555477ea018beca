"""What a searcher is given beside its problem; the same for all methods that are compared."""

from dataclasses import dataclass, field

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import ResidualSpace


@dataclass(frozen=True)
class Given:
    """The space, the number of evaluations, a seed, and what was learned on other tasks.

    Attributes:
        space: the networks to choose from.
        evaluations: how many networks will be visited.
        seed: seed of every random choice.
        reward: how the evaluator makes its rewards.
        knowledge: what a meta-training left; methods that start cold ignore it.
        agent: options of the methods that have an agent; None takes the method's own.
    """

    space: ResidualSpace
    evaluations: int
    seed: int = 0
    reward: RewardSettings = field(default_factory=RewardSettings)
    knowledge: Knowledge | None = None
    agent: RcnasSettings | None = None
