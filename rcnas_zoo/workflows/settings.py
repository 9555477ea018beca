"""What a fine-tuning run is asked for, apart from the task and the machine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, RcnasSettings
from rcnas_zoo.search.registry import METHODS
from rcnas_zoo.spec.canonical import check_choice, check_integer
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.recipe import PRECISIONS, TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel

COLD = "r-nas"
"""The agent without a policy, as a method and as a row."""
OWN = "rc-nas"
"""The agent with a policy: what a run searches by, unless it has none."""
RULE = "robustresnet"
"""The network of the RobustResNet rule: a row that needs no search."""
RIVALS = tuple(name for name in METHODS if name not in (OWN, RULE))
"""The searches that a run's own can be compared with."""
ROWS = ("teacher", RULE, *RIVALS)
REWARD_IMAGES = ("white-box", "transfer")
ANNEALING = 15
"""Updates of N2N's annealing schedule."""


@dataclass(frozen=True)
class Proxy:
    """How candidates, and the teacher that they are compared with, are trained.

    Attributes:
        seed: of training and attack.
        epochs, precision: 0 and an empty word leave the recipe's own.
        train_size: images; 0 means all.
        recipe: name of the recipe; empty takes the data set's.

    Raises:
        InvalidInput: a count out of its range, or an unknown precision.
    """

    seed: int = 0
    epochs: int = 0
    precision: str = ""
    train_size: int = 0
    recipe: str = ""

    def __post_init__(self) -> None:
        check_integer("the seed", self.seed, 0, 2**31 - 1)
        check_integer("the search epochs", self.epochs, 0)
        check_choice("the precision", self.precision or "float32", PRECISIONS)
        check_integer("the images to train candidates on", self.train_size, 0)


@dataclass(frozen=True)
class FinetuneSettings:
    """Everything that decides the result of a fine-tuning run; the same settings give the same result.

    Attributes:
        threat: threat model; None takes the data set's default.
        teacher_weights: a zoo name or entry folder whose network is the teacher; None trains one.
        policy: ``none`` (a fresh agent: R-NAS), the name of a published policy (``rcnas-policy@champion``) or a folder
            with one; empty takes ``rcnas-policy`` if there is one that fits the teacher.
        iterations: updates of the agent (10 in the paper); each visits ``agent.steps`` networks.
        seed: seed of every random choice.
        compare: rows trained and measured beside the result, out of ``ROWS``. Those of ``RIVALS`` are searches of
            their own, of as many visits; ``r-nas`` needs a policy, for without one the search is r-nas itself, and so
            do the methods that build on one (`rcnas_zoo.search.registry.WARM`).
        subset_samples: test images that AutoAttack is run on.
        search_epochs, final_epochs: 0 takes the recipes' own.
        search_recipe, final_recipe: names of the recipes of candidates and of networks that are kept; empty takes the
            data set's.
        final_train_size: images that they are trained on; 0 means all.
        reward_images: what a candidate's reward is measured on: ``white-box`` (images attacked on the candidate itself)
            or ``transfer`` (attacked once, on the teacher, as RC-NAS Algorithm 2 prints it).
        search_train_size: images that a candidate and the search's teacher are trained on; 0 means all.
        precision: of every training, ``float32`` or ``bfloat16``; empty leaves the recipes' own.
        halving: stop a candidate whose robust accuracy after a quarter or a half of its epochs is below the median of
            the candidates before it.
        agent: the agent's options; None takes those that suit the policy (`rcnas_zoo.workflows.agents`).
        agent_changes: fields of the agent's options that differ from that.
        reward: options of the reward.

    Raises:
        InvalidInput: a count out of its range, or an unknown row.
    """

    threat: ThreatModel | None = None
    teacher_weights: str | None = None
    policy: str = ""
    iterations: int = 10
    seed: int = 0
    compare: tuple[str, ...] = ()
    subset_samples: int = 64
    search_epochs: int = 0
    final_epochs: int = 0
    search_recipe: str = ""
    final_recipe: str = ""
    final_train_size: int = 0
    reward_images: str = "white-box"
    search_train_size: int = 0
    precision: str = ""
    halving: bool = False
    agent: RcnasSettings | None = None
    agent_changes: Mapping[str, Any] = field(default_factory=dict)
    reward: RewardSettings = field(default_factory=RewardSettings)

    def __post_init__(self) -> None:
        check_integer("the iterations", self.iterations, 1, 1_000_000)
        check_integer("the subset for AutoAttack", self.subset_samples, 1)
        check_integer("the final epochs", self.final_epochs, 0)
        check_integer("the images of a final training", self.final_train_size, 0)
        check_choice("the reward's images", self.reward_images, REWARD_IMAGES)
        for row in self.compare:
            if row not in ROWS:
                raise unknown_choice("a row to compare with", row, ROWS)
        # Both raise what is wrong with them.
        self.agent_for(RcnasSettings())
        _ = self.proxy

    @property
    def proxy(self) -> Proxy:
        """How candidates are trained."""
        return Proxy(self.seed, self.search_epochs, self.precision, self.search_train_size, self.search_recipe)

    @property
    def visits(self) -> int:
        """Networks that the search visits."""
        return self.iterations * self.agent_for(RcnasSettings()).steps

    def agent_for(self, suitable: RcnasSettings) -> RcnasSettings:
        """The agent's options, where ``suitable`` are those that suit its policy."""
        return replace(self.agent or suitable, **self.agent_changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        fields = {**asdict(self), "agent_changes": dict(self.agent_changes)}
        return {**fields, "threat": str(self.threat) if self.threat else None, "compare": list(self.compare)}


def with_epochs(recipe: TrainingRecipe, epochs: int, precision: str = "") -> TrainingRecipe:
    """The recipe with another number of epochs and precision; 0 and an empty word leave its own."""
    return recipe.with_changes(epochs=epochs or recipe.epochs, precision=precision or recipe.precision)


def cold_agent(agent: RcnasSettings) -> RcnasSettings:
    """The settings of a fresh agent beside one of ``agent``: what was changed by hand, sizes too, is so for both."""
    changed = {name: value for name, value in asdict(agent).items() if value != getattr(FINE_TUNING, name)}
    return replace(RcnasSettings(), **changed)


def finetune_settings(
    agent: Mapping[str, Any],
    annealing: bool | None = None,
    reward: Mapping[str, Any] | None = None,
    **fields: Any,
) -> FinetuneSettings:
    """Settings from the options that were given; everything else takes its default.

    Args:
        agent: fields of the agent's options that differ from those that suit its policy.
        annealing: whether the penalty of a network over the budget is annealed over the first ``ANNEALING`` updates.
        reward: fields of the reward's settings that differ from the default.
        fields: other fields of `FinetuneSettings`.
    """
    if annealing is not None:
        agent = {**agent, "annealing": ANNEALING if annealing else 0}
    return FinetuneSettings(agent_changes=agent, reward=RewardSettings(**(reward or {})), **fields)
