"""Accuracies that cannot all be right, told from the numbers alone: measured ones, or those that somebody claims.

A flag is ``name: what was seen``. The comparison is strict, without tolerance, so all accuracies must be of the same
network and the same images, and of attacks on this very network. Nothing here imports torch.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

NOT_WEAKER = ("a3", "a3-search")
"""Attacks that claim to be stronger than AutoAttack."""


def contradictions(accuracies: Mapping[str, float]) -> Iterator[str]:
    """Flags of attacks that leave fewer images standing than AutoAttack, which is the stronger.

    A weaker attack may break the odd image that AutoAttack misses, so a small difference proves no mistake; but then
    the lower number is the robust accuracy. AutoAttack's first part alone is a longer PGD of the same radius.

    Args:
        accuracies: attack name to accuracy in [0, 1].
    """
    strongest = accuracies.get("autoattack", 0.0)
    for name, accuracy in accuracies.items():
        if accuracy < strongest and name not in NOT_WEAKER:
            yield f"autoattack-above-{name}: {strongest:.4f} under autoattack, {accuracy:.4f} under {name}"


def radius_contradictions(attack: str, accuracies: Mapping[Fraction, float]) -> Iterator[str]:
    """Flags of neighbouring radii of which the larger leaves more images standing: its ball holds the smaller one.

    Args:
        attack: the attack's name.
        accuracies: radius, all in one norm, to accuracy in [0, 1].
    """
    radii = sorted(accuracies)
    for narrow, wide in pairwise(radii):
        if accuracies[wide] > accuracies[narrow]:
            yield (
                f"wider-is-weaker: {accuracies[narrow]:.4f} under {attack} at the radius {narrow}, "
                f"{accuracies[wide]:.4f} at {wide}"
            )
