"""What a searcher is given beside its problem; the same for all methods that are compared."""

from dataclasses import dataclass, field

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.knowledge import Experience, Knowledge
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.errors import InvalidInput


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

    def require_knowledge(self, method: str) -> Knowledge:
        """What a meta-training left.

        Raises:
            InvalidInput: nothing was given.
        """
        if self.knowledge is None:
            raise InvalidInput(
                f"the method {method} must start from a policy, got none; give one, such as rcnas-policy"
            )
        return self.knowledge

    def require_experience(self, method: str) -> Experience:
        """The evaluations that a meta-training left.

        Raises:
            InvalidInput: nothing was given, or a policy without them.
        """
        experience = self.require_knowledge(method).experience
        if experience is None:
            raise InvalidInput(
                f"the method {method} must have a policy with the evaluations of its meta-training, got one without"
            )
        return experience
