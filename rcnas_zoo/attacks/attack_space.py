"""What a search for attacks chooses from: kinds of attack, their ranges and costs, and the way from a point to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Protocol

from rcnas_zoo.attacks.auto_pgd import AutoPgd, Climbing
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.fab import FastAdaptiveBoundary
from rcnas_zoo.attacks.gradient import Ascent, GradientAttack
from rcnas_zoo.attacks.square import Square
from rcnas_zoo.spec.canonical import check_choice

GRADIENT_PASSES = 3
"""What a gradient costs, in forward passes: one forward, and a backward that takes twice as long."""
LEAST_CLASSES = {"dlr": 3, "targeted-dlr": 4}


class Chooser(Protocol):
    """Who chooses a point, such as a trial of Optuna. Each choice has a name of its own."""

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        """One of the choices."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        """A whole number in [low, high]."""

    def suggest_float(self, name: str, low: float, high: float) -> float:
        """A number in [low, high]."""


@dataclass(frozen=True)
class Whole:
    """Whole numbers, both bounds included; ``log``: their logarithms are drawn evenly."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Real:
    """Real numbers, both bounds included."""

    low: float
    high: float


@dataclass(frozen=True)
class Kind:
    """One kind of attack.

    Attributes:
        ranges: its settings; texts are choices.
        step_passes: forward passes that a step costs each image.
        length: which setting is the number of steps; empty where there is one.
        runs: which setting says how often all the steps are done; empty where they are done once.
    """

    ranges: Mapping[str, Whole | Real | tuple[str, ...]]
    step_passes: int
    length: str = "steps"
    runs: str = ""


_STEPS, _RUNS, _SHARE = Whole(20, 199), Whole(1, 9), Whole(1, 1000, log=True)

SPACE: Mapping[str, Kind] = MappingProxyType(
    {
        "fgsm": Kind(
            {"loss": ("cross-entropy", "margin", "dlr"), "restarts": Whole(10, 10000, log=True)},
            GRADIENT_PASSES,
            length="",
            runs="restarts",
        ),
        "pgd": Kind(
            {"loss": ("cross-entropy", "dlr"), "steps": _STEPS, "step_thousandths": _SHARE, "restarts": _RUNS},
            GRADIENT_PASSES,
            runs="restarts",
        ),
        "cw": Kind(
            {"loss": ("margin",), "steps": _STEPS, "step_thousandths": _SHARE, "restarts": _RUNS},
            GRADIENT_PASSES,
            runs="restarts",
        ),
        "apgd": Kind(
            {
                "loss": ("cross-entropy", "margin", "dlr", "targeted-dlr"),
                "steps": _STEPS,
                "rho": Real(0.5, 0.9),
                "ascents": _RUNS,
            },
            GRADIENT_PASSES,
            runs="ascents",
        ),
        "fab-t": Kind(
            {"steps": Whole(10, 199), "eta": Real(1.0, 1.2), "beta": Real(0.7, 1.0), "targets": Whole(1, 8)},
            GRADIENT_PASSES + 1,
            runs="targets",
        ),
        "square": Kind({"queries": Whole(2000, 7999), "first_share": Real(0.5, 0.9)}, 1, length="queries"),
    }
)
"""Yao et al. (2021), their code's ranges, for the attacks that this package has.

Departures: their DeepFool, NES and Lagrangian CW are not here, and a PGD on the margin takes the place of the last;
losses on the softmax and differences of losses are left out; only APGD and FAB aim at targets; FAB and Square have no
restarts; the share of a PGD step is a whole number of thousandths."""


def space_settings(classes: int) -> dict[str, Any]:
    """Plain JSON data that tells the space for so many classes."""
    return {name: {key: _told(span, classes) for key, span in kind.ranges.items()} for name, kind in SPACE.items()}


def draw(chooser: Chooser, classes: int, passes: int) -> dict[str, Any]:
    """A point of the space: a configuration for `build`, plain JSON data.

    Args:
        chooser: makes every choice.
        classes: of the model; losses that need more are not offered, nor more targets than there are wrong classes.
        passes: forward passes that it may cost an image at most, if `GRADIENT_PASSES` for a step alone allows it; it
            first runs less often, then shorter.
    """
    name = chooser.suggest_categorical("attack", tuple(SPACE))
    kind = SPACE[name]
    point = {key: _choose(chooser, f"{name} {key}", span, classes) for key, span in kind.ranges.items()}
    if kind.length:
        point[kind.length] = max(min(point[kind.length], passes // kind.step_passes), 1)
    if kind.runs:
        most = passes // (kind.step_passes * point.get(kind.length, 1))
        if kind.runs == "targets" or point["loss"] == "targeted-dlr":
            most = min(most, classes - 1)
        point[kind.runs] = max(min(point[kind.runs], most), 1)
    return {"attack": name, **point}


def _choose(chooser: Chooser, name: str, span: Whole | Real | tuple[str, ...], classes: int) -> Any:
    if isinstance(span, Whole):
        return chooser.suggest_int(name, span.low, span.high, log=span.log)
    if isinstance(span, Real):
        return chooser.suggest_float(name, span.low, span.high)
    return chooser.suggest_categorical(name, _offered(span, classes))


def _told(span: Whole | Real | tuple[str, ...], classes: int) -> list[Any]:
    return list(_offered(span, classes)) if isinstance(span, tuple) else [span.low, span.high]


def _offered(losses: tuple[str, ...], classes: int) -> tuple[str, ...]:
    return tuple(loss for loss in losses if classes >= LEAST_CLASSES.get(loss, 2))


def build(configuration: Mapping[str, Any], ball: Ball) -> Attack:
    """The attack of a configuration that `draw` made.

    Raises:
        InvalidInput: an unknown attack.
    """
    name, point = configuration["attack"], dict(configuration)
    check_choice("an attack to search", name, tuple(SPACE))
    if name == "apgd":
        return AutoPgd(name, ball, Climbing(point["loss"], point["steps"], point["ascents"], rho=point["rho"]))
    if name == "fab-t":
        return FastAdaptiveBoundary(name, ball, point["steps"], point["targets"], point["eta"], point["beta"])
    if name == "square":
        return Square(name, ball, point["queries"], point["first_share"])
    share = Fraction(point.get("step_thousandths", 1000), 1000)
    return GradientAttack(name, ball, Ascent(point["loss"], point.get("steps", 1), share, "uniform", point["restarts"]))
