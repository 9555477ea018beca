"""What an attack asks of a network: passes with a gradient and without."""

from dataclasses import dataclass

from rcnas_zoo.attacks.autoattack import STANDARD, Effort, make_part
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.spec.attack import AUTOATTACK_PARTS, AttackName
from rcnas_zoo.spec.threat import ThreatModel

SHORT = Effort(steps=10, targets=1, queries=500)
"""Of the parts of AutoAttack, when their bookkeeping is measured."""
_ANY = ThreatModel.parse("linf@1/10")


@dataclass(frozen=True)
class Steps:
    """Passes over an image that stands to the end, with a gradient to it and without."""

    gradients: float
    forwards: float = 0.0

    def __add__(self, other: "Steps") -> "Steps":
        return Steps(self.gradients + other.gradients, self.forwards + other.forwards)


def steps_of(name: str, classes: int) -> Steps:
    """The passes of an attack. Of one that is neither known here nor by gradients alone, as it estimates itself."""
    if name == "clean":
        return Steps(0)
    parts = parts_of(name, classes)
    if not parts:
        return Steps(make_attack(AttackName.parse(name), _ANY, classes).effort / 2)
    return sum((_part_steps(part, classes) for part in parts), Steps(0))


def parts_of(name: str, classes: int) -> tuple[str, ...]:
    """The parts of AutoAttack that an attack runs one after the other, or is; none of another attack."""
    if name != "autoattack":
        return (name,) if name in AUTOATTACK_PARTS else ()
    settings = make_attack(AttackName.parse(name), _ANY, classes).settings
    return tuple(part["attack"] for part in settings["parts"])


def shortened(part: str, classes: int, threat: ThreatModel) -> tuple[Attack, float]:
    """A part of AutoAttack with few steps, to the end, and how many times as long the whole one is."""
    ball = make_ball(threat, 0.0, 1.0)
    short, whole = make_part(part, ball, classes, SHORT), make_part(part, ball, classes, STANDARD)
    return short.to_the_end(), whole.effort / short.effort


def _part_steps(part: str, classes: int) -> Steps:
    effort = make_part(part, make_ball(_ANY, 0.0, 1.0), classes).effort
    if part == "square":
        return Steps(0, effort)
    return Steps(effort / 3, effort / 3) if part == "fab-t" else Steps(effort / 2)
