"""Robust accuracy from a sample: a costly attack is given only as many images as the wanted precision takes.

A cheap attack leaves some images standing. They are given to the costly attack in a random order, and after each batch
an interval that holds at any moment (`interval_of_count`) says how many of all the standing images it would break.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.evaluation.anytime import DEFAULT_PRIOR, Prior, interval_of_count
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True)
class Estimate:
    """Robust accuracy on N images, of which a random part was given to the costly attack.

    Attributes:
        attack: name of the costly attack.
        drawn: images that it was given.
        broken: images that it broke among them.
        standing: images that survived the cheap attacks, from which the sample was drawn.
        samples: all images, N.
        value: (standing - broken * standing / drawn) / samples, in [0, 1]; before the first draw, as if none broke.
        interval: ends of the accuracy on all N images, in [0, 1].
    """

    attack: str
    drawn: int
    broken: int
    standing: int
    samples: int
    value: float
    interval: tuple[float, float]

    @property
    def tolerance(self) -> float:
        """Half of the interval's width."""
        return (self.interval[1] - self.interval[0]) / 2


def estimate(
    standing: Tensor,
    attacked: Tensor,
    broken: Tensor,
    attack: str = "autoattack",
    error: float = 0.05,
    prior: Prior = DEFAULT_PRIOR,
) -> Estimate:
    """Robust accuracy from the images that the costly attack was given so far.

    Args:
        standing: bool (N,), the images that survived the cheap attacks.
        attacked: bool (N,), a random sample of the standing ones, such as the first of `random_order`.
        broken: bool (N,), those of the sample that broke.
        attack: name of the costly attack.
        error: as for `interval_of_count`.
        prior: as for `interval_of_count`.

    Raises:
        InvalidInput: masks of another type or length, or one that is not inside the mask before it.
    """
    _check_masks(standing, attacked, broken)
    total, drawn, lost = (int(mask.sum()) for mask in (standing, attacked, broken))
    least, most = interval_of_count(lost, drawn, total, error, prior)
    share = lost / drawn if drawn else 0.0
    samples = len(standing)
    ends = ((total - most) / samples, (total - least) / samples)
    return Estimate(attack, drawn, lost, total, samples, total * (1 - share) / samples, ends)


def random_order(standing: Tensor, seed: int) -> Tensor:
    """The places of the standing images, int64, in a random order: whatever part comes first is a random sample.

    Args:
        standing: bool (N,).
        seed: of the order.
    """
    places = standing.nonzero().flatten()
    return places[torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))]


def replay(cheap: Tensor, costly: Tensor, tolerance: float, batch_size: int, seed: int) -> Estimate:
    """What sampling would have told where all verdicts are known: stops at the first batch that is precise enough.

    Args:
        cheap: bool (N,), the images that survive the cheap attacks.
        costly: bool (N,), the images that survive the costly one.
        tolerance: half the interval's width that is wanted, as a share of N.
        batch_size: images drawn at a time.
        seed: of the order in which they are drawn.

    Raises:
        InvalidInput: masks of another type or length, a negative tolerance, or a batch size below 1.
    """
    check_integer("the batch size", batch_size, 1)
    if not tolerance >= 0:
        raise InvalidInput(f"the tolerance must be at least 0, got {tolerance}")
    order, attacked = random_order(cheap, seed), torch.zeros_like(cheap)
    found = estimate(cheap, attacked, attacked)
    for start in range(0, len(order), batch_size):
        if found.tolerance <= tolerance:
            break
        attacked[order[start : start + batch_size]] = True
        found = estimate(cheap, attacked, attacked & ~costly)
    return found


def _check_masks(standing: Tensor, attacked: Tensor, broken: Tensor) -> None:
    masks = (standing, attacked, broken)
    if any(mask.dtype != torch.bool or mask.ndim != 1 or len(mask) != len(standing) for mask in masks):
        kinds = ", ".join(f"{mask.dtype} {tuple(mask.shape)}" for mask in masks)
        raise InvalidInput(f"masks must be bool and equally long, got {kinds}")
    if not len(standing):
        raise InvalidInput("masks must cover at least one image, got none")
    if (attacked & ~standing).any() or (broken & ~attacked).any():
        raise InvalidInput("only standing images may be attacked, and only attacked ones broken, got others")
