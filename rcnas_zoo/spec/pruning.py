"""Pruning recipes: every setting of a pruning in three stages, frozen and digestible."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rcnas_zoo.spec.canonical import check_choice, check_integer, check_number, dataclass_fields, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe

METHODS = ("magnitude", "magnitude-global", "hydra", "harp", "r-admm")
STRUCTURES = ("weights", "channels")
STAGES = ("pretrain", "prune", "finetune")
LEARNT = ("hydra", "harp", "r-admm")
"""Methods with a stage of their own between pretraining and fine-tuning."""


@dataclass(frozen=True)
class Stage:
    """One of the three trainings.

    Attributes:
        epochs: passes over the training split.
        learning_rate: of SGD, at its highest.

    Raises:
        InvalidInput: a value outside its range.
    """

    epochs: int
    learning_rate: float

    def __post_init__(self) -> None:
        check_integer("the epochs of a stage", self.epochs, 1, 100_000)
        rate = check_number("the learning rate of a stage", self.learning_rate, 0, 100.0)
        object.__setattr__(self, "learning_rate", rate)

    @classmethod
    def from_dict(cls, data: object) -> "Stage":
        """The stage of plain JSON data, strictly checked."""
        return cls(**dataclass_fields(cls, data, "a stage of a pruning"))


@dataclass(frozen=True)
class PruningRecipe:
    """How a network is pruned: it is trained, what to keep is learnt or chosen, and what was kept is trained on.

    Attributes:
        method: ``magnitude`` (the largest weights of each layer), ``magnitude-global`` (of the whole network),
            ``hydra`` (Sehwag et al. 2020), ``harp`` (Zhao and Wressnegger 2023) or ``r-admm`` (Ye et al. 2019).
        structure: ``weights``, or ``channels``, whose tensors then really are smaller.
        keep: share that is kept, in (0, 1): of the weights, or of the channels of each group. HARP takes it for the
            whole network: of the weights, or the MACs that this share of all channels would cost.
        macs: MACs of one image that the pruned network may cost at most, effective ones where weights are pruned; the
            kept share then follows from it. 0 lets ``keep`` decide.
        training: what all three trainings share; epochs and learning rate are those of each stage.
        pretrain, prune, finetune: the stages; methods by magnitude skip the second.
        penalty: of ``harp`` the weight gamma of its resource term, in which it grows each epoch; of ``r-admm`` rho.
        period: epochs between two projections of ``r-admm``.
        growth: what ``r-admm`` multiplies rho with at each projection.

    Raises:
        InvalidInput: a value outside its range, or a method that cannot prune this structure.
    """

    method: str = "hydra"
    structure: str = "weights"
    keep: float = 0.1
    macs: int = 0
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    pretrain: Stage = Stage(100, 0.1)
    prune: Stage = Stage(20, 0.1)
    finetune: Stage = Stage(100, 0.01)
    penalty: float = 0.01
    period: int = 1
    growth: float = 1.0

    def __post_init__(self) -> None:
        check_choice("the method of a pruning", self.method, METHODS)
        check_choice("the structure of a pruning", self.structure, STRUCTURES)
        if self.structure == "channels" and self.method in ("r-admm", "magnitude-global"):
            raise InvalidInput(
                f"channels must be pruned by magnitude, hydra or harp, got {self.method}; or prune weights by it"
            )
        object.__setattr__(self, "keep", check_number("the kept share", self.keep, 0, 1))
        if self.keep in (0, 1):
            raise InvalidInput(f"the kept share must lie between 0 and 1, got {self.keep:g}")
        check_integer("the MACs of a pruning", self.macs, 0)
        object.__setattr__(self, "penalty", check_number("the penalty of a pruning", self.penalty, 0, 1e6))
        check_integer("the period of a pruning", self.period, 1, 100_000)
        object.__setattr__(self, "growth", check_number("the growth of a pruning", self.growth, 1, 1e3))

    def stage(self, name: str) -> TrainingRecipe:
        """The training recipe of a stage, ``pretrain``, ``prune`` or ``finetune``."""
        stage: Stage = getattr(self, name)
        recipe = self.training.with_changes(epochs=stage.epochs, learning_rate=stage.learning_rate)
        # R-ADMM's last weights are the nearest to what is kept; an earlier epoch would be another network once pruned.
        # The pull towards it is not clipped, for it would take the loss's share of the norm, and steps must become
        # shorter as it grows.
        if name == "prune" and self.method == "r-admm":
            return recipe.with_changes(selection_attack="none", gradient_clip=0.0, schedule="cosine")
        return recipe

    @property
    def epochs(self) -> int:
        """Passes over the training split, of all stages together."""
        return sum(self.stage(name).epochs for name in self.stages)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that the method has."""
        return STAGES if self.method in LEARNT else ("pretrain", "finetune")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "training": self.training.to_dict()}

    @classmethod
    def from_dict(cls, data: object) -> "PruningRecipe":
        """The recipe of plain JSON data, strictly checked; absent fields take their defaults."""
        found = dict(dataclass_fields(cls, data, "a pruning recipe"))
        if "training" in found:
            found["training"] = TrainingRecipe.from_dict(found["training"])
        for name in STAGES:
            if name in found:
                found[name] = Stage.from_dict(found[name])
        return cls(**found)

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON, 64 hex digits."""
        return digest(self.to_dict())

    def with_changes(self, **changes: Any) -> "PruningRecipe":
        """The same recipe with some fields changed."""
        return replace(self, **changes)
