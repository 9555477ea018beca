"""Are attacks by gradient as strong as they must be? Held against attacks that are weaker where nothing is masked.

Of the same images, these count more than chance: more than 3, and more than 5 %.
"""

from collections.abc import Iterator

from torch import Tensor

from rcnas_zoo.evaluation.lint.trial import QUERIES, Trial

_SLACK_IMAGES = 3
_SLACK_SHARE = 0.05
_FACTOR = 2
_TRIED = 4
"""So many times the slack: enough to tell, and the long attacks take their time where nothing breaks."""


def strength_flags(trial: Trial) -> Iterator[str]:
    """Flags of attacks that are weaker than they must be (Athalye, Carlini and Wagner 2018, section 3.1).

    Square breaks what no gradient does; PGD grows stronger where the logits are scaled; a larger radius breaks fewer
    images; or a radius of half the value range does not break them all.
    """
    pgd = trial.broken("pgd-20")
    yield from _square_flags(trial, pgd)
    yield from _logits_flags(trial, int(pgd.sum()))
    yield from _radius_flags(trial, int(pgd.sum()))
    yield from _widest_flags(trial)


def _square_flags(trial: Trial, pgd: Tensor) -> Iterator[str]:
    missed = trial.broken("square", spared=pgd | trial.broken("cw-20", spared=pgd))
    if int(missed.sum()) <= _slack(trial):
        return
    tried, standing = _in_earnest(trial, missed)
    if standing > _slack(trial):
        yield (
            f"square-above-gradients: {int(missed.sum())} of {len(trial)} images fall to {QUERIES} queries of square, "
            f"but not to pgd-20 or cw-20, and {standing} of {tried} of them to no longer attack by gradient"
        )


def _logits_flags(trial: Trial, broken: int) -> Iterator[str]:
    rescaled = int(trial.broken("pgd-20", rescaled=True).sum())
    # Unsure networks, whose logits lie near one another, are an easier climb too where these are spread.
    if rescaled > max(_FACTOR * broken, broken + _slack(trial)):
        yield (
            f"logits-mask: pgd-20 breaks {broken} of {len(trial)} images, and {rescaled} where the logits are scaled "
            "to a deviation of one"
        )


def _radius_flags(trial: Trial, broken: int) -> Iterator[str]:
    radius = trial.threat.radius
    found = {
        other: broken if other == radius else int(trial.at(other).broken("pgd-20").sum())
        for other in (radius / 2, radius, 2 * radius)
        if other < trial.widest
    }
    for narrow in found:
        for wide in found:
            if narrow < wide and found[wide] < found[narrow] - _slack(trial):
                yield (
                    f"wider-is-weaker: pgd-20 breaks {found[narrow]} of {len(trial)} images at the radius {narrow}, "
                    f"and {found[wide]} at {wide}"
                )


def _widest_flags(trial: Trial) -> Iterator[str]:
    widest = trial.at(trial.widest)
    missed = ~widest.broken("pgd-20", "cw-20")
    if int(missed.sum()) <= _slack(trial):
        return
    tried, standing = _in_earnest(widest, missed)
    if standing > _slack(trial):
        yield (
            f"unbroken-at-any-radius: {int(missed.sum())} of {len(trial)} images withstand pgd-20 and cw-20 at the "
            f"radius {trial.widest}, at which each can become mid-grey, and {standing} of {tried} of them every longer "
            "attack by gradient"
        )


def _in_earnest(trial: Trial, missed: Tensor) -> tuple[int, int]:
    """Of the images that 20 steps miss, how many are climbed for long, and how many of those stand.

    Twenty steps may be too few on an honest network too, above all in L2; a hundred towards other classes are not.
    """
    tried = missed & (missed.cumsum(0) <= _TRIED * _slack(trial))
    return int(tried.sum()), int((tried & ~trial.broken_by_all_means(spared=~tried)).sum())


def _slack(trial: Trial) -> int:
    return max(_SLACK_IMAGES, int(_SLACK_SHARE * len(trial)))
