"""Training recipes: every setting of an adversarial training, frozen and digestible."""

from dataclasses import Field, asdict, dataclass, field, fields, replace
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

OBJECTIVES = ("clean", "fast", "sat", "trades", "mart")
INNER_ATTACKS = ("pgd-kl", "pgd-ce", "apgd-ce")
SCHEDULES = ("step", "cosine", "one-cycle", "sgdr")
STARTS = ("gaussian", "uniform", "noise")
MODES = ("eval", "train")
STATISTICS = ("shared", "twice", "adversarial")
PRECISIONS = ("float32", "bfloat16")


def _later(default: Any) -> Any:
    """A field that recipes of the first release do not have."""
    return field(default=default, metadata={"later": True})


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained. The defaults are the RobustResNet setting (TRADES, 100 epochs).

    Attributes:
        objective: ``clean``, ``fast`` (one-step SAT, Wong et al. 2020), ``sat`` (Madry et al. 2018), ``trades`` (Zhang
            et al. 2019) or ``mart`` (Wang et al. 2020).
        threat: threat model of the inner attack, as text (``linf@8/255``); Linf only.
        beta: weight of the regulariser of TRADES or MART (6 for wide networks in the code of both).
        attack_steps: gradient steps of the inner attack.
        attack_step_size: step of the inner attack as a share of the radius (1/4 is 2/255 at 8/255).
        attack_start: ``gaussian`` (0.001 N(0, 1), as TRADES), ``uniform`` in the ball, or ``noise`` (uniform in twice
            the radius and no projection: N-FGSM, de Jorge et al. 2022).
        epochs: passes over the training split.
        batch_size: images of one update.
        learning_rate, momentum, weight_decay, nesterov: of SGD.
        schedule: ``step`` (times 0.1 at each milestone), ``cosine`` (to zero), ``one-cycle`` or ``sgdr`` (cosine with
            warm restarts).
        milestones: shares of the epochs in [0, 1], ascending.
        gradient_clip: largest gradient norm; 0 switches clipping off.
        crop_padding: pixels of zero padding before a random crop; 0 switches it off.
        flip: random left-right flips.
        selection_attack: cheap attack whose robust accuracy on the evaluation split picks the best epoch; ``none``
            keeps the last epoch.
        selection_start: share of the epochs after which the selection begins.
        inner_attack: ``pgd-kl``, ``pgd-ce`` or ``apgd-ce``; empty takes the objective's own.
        attack_mode: ``eval`` or ``train``: batch normalisation while the inner attack runs.
        bn_statistics: what the running statistics of TRADES and MART see: ``shared`` (natural and adversarial batch
            1:1), ``twice`` (2:1, as in the TRADES script) or ``adversarial`` (that batch alone).
        weight_perturbation: size of adversarial weight perturbation as a share of each layer's norm (Wu et al. 2020);
            0 switches it off.
        perturbation_start: share of the epochs before it begins.
        weight_average: decay of the exponential average of the weights, which is then what is kept; 0 switches it off.
        label_smoothing: share of the target that is spread over all classes.
        warmup: share of the training in which the learning rate rises linearly.
        cutout: side of the square that is blotted out of each image, in pixels; 0 switches it off.
        precision: ``float32``, or ``bfloat16`` in convolutions and linear layers; weights stay float32.

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
    inner_attack: str = _later("")
    attack_mode: str = _later("eval")
    bn_statistics: str = _later("shared")
    weight_perturbation: float = _later(0.0)
    perturbation_start: float = _later(0.0)
    weight_average: float = _later(0.0)
    label_smoothing: float = _later(0.0)
    warmup: float = _later(0.0)
    cutout: int = _later(0)
    precision: str = _later("float32")

    def __post_init__(self) -> None:
        self._check_choices()
        threat = ThreatModel.parse(check_text("the threat of a recipe", self.threat))
        if threat.norm != "linf":
            raise InvalidInput(f"the threat of a recipe must be Linf, such as linf@8/255, got {self.threat!r}")
        object.__setattr__(self, "threat", str(threat))
        if check_text("the selection attack", self.selection_attack) != "none":
            AttackName.parse(self.selection_attack)
        self._check_counts()
        self._check_numbers()

    def _check_choices(self) -> None:
        check_choice("the objective", self.objective, OBJECTIVES)
        check_choice("the schedule", self.schedule, SCHEDULES)
        check_choice("the start of the inner attack", self.attack_start, STARTS)
        check_choice("the attack mode", self.attack_mode, MODES)
        check_choice("the statistics of batch normalisation", self.bn_statistics, STATISTICS)
        check_choice("the precision", self.precision, PRECISIONS)
        if self.inner_attack == "autoattack":
            raise InvalidInput(
                f"the inner attack must be one of {', '.join(INNER_ATTACKS)}, got 'autoattack': it takes about 6,000 "
                "passes an image, and half of it maximises no training loss; measure with it afterwards"
            )
        if self.inner_attack:
            check_choice("the inner attack", self.inner_attack, INNER_ATTACKS)

    def _check_counts(self) -> None:
        check_integer("the epochs", self.epochs, 1, 100_000)
        check_integer("the batch size", self.batch_size, 1, 1_000_000)
        check_integer("the inner attack's steps", self.attack_steps, 1, 10_000)
        check_integer("the crop padding", self.crop_padding, 0, 64)
        check_integer("the cutout", self.cutout, 0, 1024)
        if self.objective == "fast" and self.attack_steps != 1:
            raise InvalidInput(f"the objective fast must make 1 attack step, got {self.attack_steps}; use sat for more")
        if self.attack_start == "noise" and (self.attack_steps != 1 or self.inner_attack == "apgd-ce"):
            raise InvalidInput(
                "the start noise leaves the ball and must be followed by 1 step of PGD (N-FGSM), got "
                f"{self.attack_steps} of {self.inner_attack or 'PGD'}; start uniform, or take attack_steps=1"
            )
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
            "weight_perturbation": 1.0,
            "perturbation_start": 1.0,
            "weight_average": 0.999999,
            "label_smoothing": 0.999,
            "warmup": 0.9,
        }
        for name, high in bounds.items():
            object.__setattr__(self, name, check_number(f"the recipe's {name}", getattr(self, name), 0, high))
        shares = [check_number("a milestone", m, 0, 1) for m in check_list("the milestones", self.milestones)]
        if shares != sorted(shares):
            raise InvalidInput(f"the milestones must ascend, got {shares}")
        object.__setattr__(self, "milestones", tuple(shares))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data. What was added later is left out at its default, so that older digests stay."""
        silent = {each.name for each in fields(self) if "later" in each.metadata and self._is_default(each)}
        data = {**asdict(self), "milestones": list(self.milestones)}
        return {name: value for name, value in data.items() if name not in silent}

    def _is_default(self, field: Field[Any]) -> bool:
        return bool(getattr(self, field.name) == field.default)

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
