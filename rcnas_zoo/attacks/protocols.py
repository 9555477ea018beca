"""The settings of ``pgd-N`` and ``cw-N`` by protocol, for numbers that are to stand beside a paper's."""

from dataclasses import replace
from fractions import Fraction

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.gradient import Ascent, GradientAttack
from rcnas_zoo.spec.attack import AttackName

_LOSSES = {"pgd": "cross-entropy", "cw": "margin"}


def stepped_attack(name: AttackName, ball: Ball, protocol: str = "default") -> GradientAttack:
    """The attack ``pgd-N`` or ``cw-N`` of a protocol.

    ``default``: steps of a quarter of the radius from one uniform start, clipped to the value range; every iterate is
    judged. ``rrn`` (the RobustResNet code): steps of a tenth, a start that is not clipped, the margin truncated at
    zero, the last iterate alone. ``rdnas`` (the RDNAS paper): steps of 2/255 of the value range, five restarts.
    """
    ascent = replace(_ASCENTS[protocol], loss=_LOSSES[name.family], steps=name.steps)
    if protocol == "rrn" and name.family == "cw":
        ascent = replace(ascent, loss="truncated-margin")
    if protocol == "rdnas":
        ascent = replace(ascent, step_share=Fraction(2, 255) / ball.threat.radius)
    return GradientAttack(str(name), ball, ascent)


_ASCENTS = {
    "default": Ascent("", 0, Fraction(1, 4), "uniform"),
    "rrn": Ascent("", 0, Fraction(1, 10), "unclipped", judged="last"),
    "rdnas": Ascent("", 0, Fraction(0), "uniform", restarts=5),
}
