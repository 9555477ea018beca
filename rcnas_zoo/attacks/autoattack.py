"""AutoAttack (Croce and Hein 2020): four attacks in turn, each on the images that still stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.attacks.auto_pgd import AutoPgd, Climbing
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack, streams
from rcnas_zoo.attacks.fab import FastAdaptiveBoundary
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.square import Square
from rcnas_zoo.spec.errors import InvalidInput

RANDOM_PASSES = 20
LEAST_CLASSES = {"apgd-dlr": 3, "apgd-t": 4}
"""Their losses divide by a difference of the first logit and the third, or the fourth."""
_PART_STREAMS = 1 << 10


@dataclass(frozen=True)
class Effort:
    """How hard the parts try; these are the official numbers.

    Attributes:
        steps: of each ascent of APGD, and of each walk of FAB.
        targets: likeliest wrong classes that the targeted parts aim at, one by one.
        queries: of Square.
    """

    steps: int = 100
    targets: int = 9
    queries: int = 5000


STANDARD = Effort()


def make_part(name: str, ball: Ball, classes: int, effort: Effort = STANDARD) -> Attack:
    """One part: ``apgd-ce``, ``apgd-dlr``, ``apgd-t``, ``fab-t`` or ``square``.

    Raises:
        InvalidInput: too few classes for its loss.
    """
    least = LEAST_CLASSES.get(name, 2)
    if classes < least:
        raise InvalidInput(f"the attack {name} needs at least {least} classes, got {classes}; take apgd-ce or fab-t")
    targets = min(effort.targets, classes - 1)
    if name == "fab-t":
        return FastAdaptiveBoundary(name, ball, effort.steps, targets)
    if name == "square":
        return Square(name, ball, effort.queries)
    climbs = {
        "apgd-ce": Climbing("cross-entropy", effort.steps),
        "apgd-dlr": Climbing("dlr", effort.steps),
        "apgd-t": Climbing("targeted-dlr", effort.steps, targets),
    }
    return AutoPgd(name, ball, climbs[name])


class AutoAttack(Attack):
    """The parts in turn; an image that a part breaks leaves at once."""

    def __init__(self, name: str, ball: Ball, parts: Mapping[str, Attack], **more: Any) -> None:
        self._parts = tuple(parts.values())
        settings = [
            {key: value for key, value in part.settings.items() if key not in ball.settings} for part in self._parts
        ]
        super().__init__(name, ball, parts=settings, **more)
        self.effort = sum(part.effort for part in self._parts)

    def to_the_end(self) -> Attack:
        """See `Attack.to_the_end`: its first part alone, for what the others add is broken images, not better ones."""
        first = self._parts[0].to_the_end()
        first.name = self.name
        first.settings = {**first.settings, "attack": self.name, "part": self._parts[0].name}
        return first

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        for place, part in enumerate(self._parts):
            if place:
                hunt.judge()
            if len(hunt):
                part.run(hunt, streams(seeds, place * _PART_STREAMS))


def standard(name: str, ball: Ball, classes: int, effort: Effort = STANDARD) -> AutoAttack:
    """The standard version: APGD-CE, APGD-T, FAB-T, Square.

    Departure: below 4 classes the loss of APGD-T is not defined, so it gives way to APGD-DLR (3 classes) or goes (2).
    """
    few = {2: ("apgd-ce", "fab-t", "square"), 3: ("apgd-ce", "apgd-dlr", "fab-t", "square")}
    names = few.get(classes, ("apgd-ce", "apgd-t", "fab-t", "square"))
    parts = {part: make_part(part, ball, classes, effort) for part in names}
    if classes not in few:
        return AutoAttack(name, ball, parts)
    ran = ", ".join(names)
    return AutoAttack(name, ball, parts, substitute=f"{classes} classes are too few for apgd-t, it ran {ran}")


def randomised(name: str, ball: Ball, classes: int, effort: Effort = STANDARD) -> AutoAttack:
    """The version for models whose answers are random: APGD-CE and APGD-DLR on gradients averaged over 20 passes."""
    losses = {"apgd-ce": "cross-entropy", **({"apgd-dlr": "dlr"} if classes >= LEAST_CLASSES["apgd-dlr"] else {})}
    climbs = {part: Climbing(loss, effort.steps, passes=RANDOM_PASSES) for part, loss in losses.items()}
    return AutoAttack(name, ball, {part: AutoPgd(part, ball, climb) for part, climb in climbs.items()})
