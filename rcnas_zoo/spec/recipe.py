"""Training recipes: every setting of an adversarial training, frozen and digestible."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import (
    check_choice,
    check_flag,
    check_integer,
    check_list,
    check_number,
    check_text,
    dataclass_fields,
    digest,
)
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

OBJECTIVES = ("clean", "sat", "trades")
SCHEDULES = ("step", "cosine")
STARTS = ("gaussian", "uniform")


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained. The defaults are the RobustResNet setting (TRADES, 100 epochs).

    Attributes:
        objective: ``clean``, ``sat`` (Madry et al. 2018) or ``trades`` (Zhang et al. 2019).
        threat: threat model of the inner attack, as text (``linf@8/255``); Linf only.
        beta: weight of the TRADES regulariser (6 in its authors' code).
        attack_steps: gradient steps of the inner attack.
        attack_step_size: step of the inner attack as a share of the radius (1/4 is 2/255 at 8/255).
        attack_start: ``gaussian`` (0.001 N(0, 1), as TRADES) or ``uniform`` in the ball.
        epochs: passes over the training split.
        batch_size: images of one update.
        learning_rate, momentum, weight_decay, nesterov: of SGD.
        schedule: ``step`` (times 0.1 at each milestone) or ``cosine`` (to zero).
        milestones: shares of the epochs in [0, 1], ascending.
        gradient_clip: largest gradient norm; 0 switches clipping off.
        crop_padding: pixels of zero padding before a random crop; 0 switches it off.
        flip: random left-right flips.
        selection_attack: cheap attack whose robust accuracy on the evaluation split picks the best epoch; ``none``
            keeps the last epoch.
        selection_start: share of the epochs after which the selection begins.

    Raises:
        InvalidInput: a value outside its range.
    """

    objective: str = "trades"
    threat: str = "linf@8/255"
    beta: float = 6.0
    attack_steps: int = 10
    attack_step_size: float = 0.25
    attack_start: str = "gaussian"
    epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 2e-4
    nesterov: bool = False
    schedule: str = "step"
    milestones: tuple[float, ...] = (0.75, 0.9)
    gradient_clip: float = 5.0
    crop_padding: int = 4
    flip: bool = True
    selection_attack: str = "pgd-10"
    selection_start: float = 0.5

    def __post_init__(self) -> None:
        check_choice("the objective", self.objective, OBJECTIVES)
        check_choice("the schedule", self.schedule, SCHEDULES)
        check_choice("the start of the inner attack", self.attack_start, STARTS)
        threat = ThreatModel.parse(check_text("the threat of a recipe", self.threat))
        if threat.norm != "linf":
            raise InvalidInput(f"the threat of a recipe must be Linf, such as linf@8/255, got {self.threat!r}")
        object.__setattr__(self, "threat", str(threat))
        if check_text("the selection attack", self.selection_attack) != "none":
            AttackName.parse(self.selection_attack)
        self._check_counts()
        self._check_numbers()

    def _check_counts(self) -> None:
        check_integer("the epochs", self.epochs, 1, 100_000)
        check_integer("the batch size", self.batch_size, 1, 1_000_000)
        check_integer("the inner attack's steps", self.attack_steps, 1, 10_000)
        check_integer("the crop padding", self.crop_padding, 0, 64)
        check_flag("nesterov", self.nesterov)
        check_flag("flip", self.flip)

    def _check_numbers(self) -> None:
        bounds = {
            "beta": 1e6,
            "attack_step_size": 10.0,
            "learning_rate": 100.0,
            "momentum": 1.0,
            "weight_decay": 10.0,
            "gradient_clip": 1e9,
            "selection_start": 1.0,
        }
        for name, high in bounds.items():
            object.__setattr__(self, name, check_number(f"the recipe's {name}", getattr(self, name), 0, high))
        shares = [check_number("a milestone", m, 0, 1) for m in check_list("the milestones", self.milestones)]
        if shares != sorted(shares):
            raise InvalidInput(f"the milestones must ascend, got {shares}")
        object.__setattr__(self, "milestones", tuple(shares))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "milestones": list(self.milestones)}

    @classmethod
    def from_dict(cls, data: object) -> "TrainingRecipe":
        """The recipe of plain JSON data, strictly checked; absent fields take their defaults."""
        return cls(**dataclass_fields(cls, data, "a training recipe"))

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON, 64 hex digits."""
        return digest(self.to_dict())

    def with_changes(self, **changes: Any) -> "TrainingRecipe":
        """The same recipe with some fields changed."""
        return replace(self, **changes)
