"""From an attack's name to the attack."""

from collections.abc import Callable
from fractions import Fraction

from rcnas_zoo.attacks.adaptive_auto import AdaptiveAuto
from rcnas_zoo.attacks.attack_search import AttackSearch
from rcnas_zoo.attacks.autoattack import make_part, randomised, standard
from rcnas_zoo.attacks.ball import Ball, make_ball
from rcnas_zoo.attacks.base import Attack, CleanAttack
from rcnas_zoo.attacks.gradient import Ascent, GradientAttack
from rcnas_zoo.attacks.hopskipjump import HopSkipJump
from rcnas_zoo.attacks.neuron_attribution import NeuronAttribution
from rcnas_zoo.attacks.protocols import stepped_attack
from rcnas_zoo.attacks.torchattacks_bridge import PeerAttack
from rcnas_zoo.spec.attack import AUTOATTACK_PARTS, PROTOCOLS, STEPPED_ATTACKS, AttackName
from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.threat import ThreatModel

_FAMILIES: dict[str, Callable[[AttackName, Ball, int], Attack]] = {
    "clean": lambda name, ball, _: CleanAttack(str(name), ball),
    "fgsm": lambda name, ball, _: GradientAttack(str(name), ball, Ascent("cross-entropy", 1, Fraction(1), "image")),
    "autoattack": lambda name, ball, classes: standard(str(name), ball, classes),
    "autoattack-rand": lambda name, ball, classes: randomised(str(name), ball, classes),
    **dict.fromkeys(AUTOATTACK_PARTS, lambda name, ball, classes: make_part(str(name), ball, classes)),
    "hopskipjump": lambda name, ball, _: HopSkipJump(str(name), ball),
    "naa": lambda name, ball, _: NeuronAttribution(str(name), ball),
    "a3": lambda name, ball, _: AdaptiveAuto(str(name), ball),
    "a3-search": lambda name, ball, classes: AttackSearch(str(name), ball, classes),
    "torchattacks": lambda name, ball, classes: PeerAttack(str(name), ball, classes, name.peer),
}


def make_attack(
    name: AttackName,
    threat: ThreatModel,
    classes: int,
    low: float = 0.0,
    high: float = 1.0,
    protocol: str = "default",
) -> Attack:
    """The attack of a name.

    Args:
        name: a parsed name.
        threat: norm and radius; the radius is a share of the value range.
        classes: number of classes of the model.
        low: lowest pixel value.
        high: highest pixel value.
        protocol: how ``pgd-N`` and ``cw-N`` climb (see `stepped_attack`); other attacks have no choice.

    Raises:
        InvalidInput: too few classes for the attack, or torchattacks has no class of that name, or it cannot attack in
            the norm of the threat.
    """
    ball = make_ball(threat, low, high)
    check_choice("a protocol", protocol, PROTOCOLS)
    if name.family in STEPPED_ATTACKS:
        return stepped_attack(name, ball, protocol)
    return _FAMILIES[name.family](name, ball, classes)
