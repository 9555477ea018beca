"""PGD as the RobustResNet code runs it (``--protocol rrn``), written straight: one loop, nobody leaves early."""

import torch
import torch.nn.functional as F
from libraries import BATCH, Target
from torch import Tensor

STEPS = 20


def straight_pgd(target: Target, seed: int) -> Tensor:
    """The last iterates (N, C, H, W), from the starts that `rcnas_zoo.evaluation` draws for this seed.

    Every image is attacked, also one that is wrong already, in steps of a tenth of the radius from a start that is not
    clipped to the value range.
    """
    seeds = torch.randint(2**31, (len(target.images),), generator=torch.Generator().manual_seed(seed))
    parts = zip(*(torch.split(rows, BATCH) for rows in (target.images, target.labels, seeds)), strict=True)
    return torch.cat([_climb(target, *part) for part in parts])


def _climb(target: Target, images: Tensor, labels: Tensor, seeds: Tensor) -> Tensor:
    radius = target.radius
    points = torch.stack([image + _noise(image, radius, seed) for image, seed in zip(images, seeds, strict=True)])
    for _ in range(STEPS):
        points.requires_grad_()
        (slope,) = torch.autograd.grad(F.cross_entropy(target.model(points), labels), points)
        moved = points.detach() + radius / 10 * slope.sign()
        points = (images + (moved - images).clamp(-radius, radius)).clamp(0, 1)
    return points


def _noise(image: Tensor, radius: float, seed: Tensor) -> Tensor:
    return torch.empty(image.shape).uniform_(-radius, radius, generator=torch.Generator().manual_seed(int(seed)))
