"""The settings of ``pgd-N`` and ``cw-N`` by protocol, for numbers that are to stand beside a paper's."""

from fractions import Fraction

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.gradient import Ascent, GradientAttack
from rcnas_zoo.spec.attack import AttackName


def stepped_attack(name: AttackName, ball: Ball, protocol: str = "default") -> GradientAttack:
    """The attack ``pgd-N`` or ``cw-N`` of a protocol.

    ``default``: steps of a quarter of the radius from one uniform start, clipped to the value range; every iterate is
    judged. ``rrn`` (the RobustResNet code): steps of a tenth, a start that is not clipped, the margin truncated at
    zero, the last iterate alone. ``rdnas`` (the RDNAS paper): steps of 2/255 of the value range, five restarts.
    """
    loss = {"pgd": "cross-entropy", "cw": "margin"}[name.family]
    truncated = {"pgd": "cross-entropy", "cw": "truncated-margin"}[name.family]
    ascents = {
        "default": Ascent(loss, name.steps, Fraction(1, 4), "uniform"),
        "rrn": Ascent(truncated, name.steps, Fraction(1, 10), "unclipped", judged="last"),
        "rdnas": Ascent(loss, name.steps, Fraction(2, 255) / ball.threat.radius, "uniform", restarts=5),
    }
    return GradientAttack(str(name), ball, ascents[protocol])
