"""Neuron attribution-based attack: it takes from a middle layer what speaks for the label (Zhang et al. 2022)."""

from dataclasses import asdict, dataclass
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.middle import gradient, middle_layer, tapped

STEP_SHARE = Fraction(1, 10)
_TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Attribution:
    """How neurons are weighed and how long they are attacked.

    Attributes:
        points: images on the way to black, over which gradients are averaged.
        noise: standard deviation of what is added to each, a share of the value range.
        gamma: weight of the neurons that speak against the label.
        momentum: share of the last direction that is kept.
        steps: steps of radius / 10.
    """

    points: int = 30
    noise: float = 0.2
    gamma: float = 1.0
    momentum: float = 1.0
    steps: int = 10


STANDARD = Attribution()


class NeuronAttribution(Attack):
    """Moves an image so that its middle layer speaks for its label no more (Zhang et al. 2022, section 3).

    The weight of a neuron is the gradient of the label's probability, averaged over the way from the image to black
    (the lowest value) and brought to Euclidean length 1 for each image; its attribution is the weight times what the
    neuron puts out above black. The sum of the attributions is minimised with momentum.

    It is made for transfer: on the network itself it is weaker than PGD, and ``to_the_end`` gives what the paper
    measures on others. The paper's own code adds fresh noise to each point of the way and does not clip it; so does
    this. Its 0.2 is in the units of each network there, here a share of the value range. Departure: in L2 a step
    follows the momentum itself, for the paper knows Linf alone.
    """

    def __init__(self, name: str, ball: Ball, attribution: Attribution = STANDARD) -> None:
        super().__init__(
            name,
            ball,
            **asdict(attribution),
            step_size=str(ball.threat.radius * STEP_SHARE),
            layer="end of the middle stage",
            start="image",
            result="first misclassified iterate, else the last",
        )
        self.effort = 2 * (attribution.points + attribution.steps)
        self._attribution = attribution
        self._step_size = ball.radius * float(STEP_SHARE)

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        layer = middle_layer(hunt.victim.model)
        weights = _of_length_one(integrated_attention(hunt, layer, seeds, self._attribution))
        black, points, momentum = _black(hunt, layer), hunt.centres, torch.zeros_like(hunt.centres)
        for _ in range(self._attribution.steps):
            logits, slope = self._slope(hunt, layer, points, weights, black)
            stands = hunt.strike(points, hunt.wrong(logits))
            if not len(hunt):
                return
            points, momentum, slope, weights = points[stands], momentum[stands], slope[stands], weights[stands]
            momentum = self._attribution.momentum * momentum + _shares(slope)
            points = self.ball.project(points - self.ball.direction(momentum) * self._step_size, hunt.centres)
        hunt.settle(points)

    def _slope(
        self, hunt: Hunt, layer: nn.Module, points: Tensor, weights: Tensor, black: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits (n, classes) at the points, and the gradient (n, C, H, W) of the sum of attributions."""
        points = points.detach().requires_grad_()
        with tapped(layer) as tap:
            logits = hunt.victim.model(points)
            attributions = (tap.take() - black) * weights
        loss = attributions.clamp_min(0).sum() + self._attribution.gamma * attributions.clamp_max(0).sum()
        return logits.detach(), gradient(loss, points)


def integrated_attention(hunt: Hunt, layer: nn.Module, seeds: list[int], attribution: Attribution) -> Tensor:
    """The mean gradient of the label's probability to what a layer puts out, on the way from each image to black.

    With no noise and many points, the sum of its products with the change of an affine layer is the change of the
    probability.

    Args:
        hunt: the images, n of which stand.
        layer: of the hunt's model.
        seeds: of the noise, one for each image of ``hunt.found``.
        attribution: how many points, and how much noise.

    Returns:
        (n, ...), in the shape of the layer's output.
    """
    streams = [torch.Generator().manual_seed(seed) for seed in hunt.standing(seeds)]
    total: Tensor | float = 0.0
    with tapped(layer, detached=True) as tap:
        for place in range(attribution.points):
            share = 1 - place / attribution.points
            logits = hunt.victim.model(_on_the_way(hunt, streams, share, attribution.noise))
            chances = logits.softmax(1).gather(1, hunt.labels[:, None])
            total = total + gradient(chances, tap.take()) / attribution.points
    assert isinstance(total, Tensor)
    return total


def _on_the_way(hunt: Hunt, streams: list[torch.Generator], share: float, noise: float) -> Tensor:
    """What is left of each image (n, C, H, W), after fresh noise, when only a share of the way from black is gone."""
    low, width = hunt.ball.low, hunt.ball.high - hunt.ball.low
    draws = torch.stack([torch.randn(hunt.centres.shape[1:], generator=stream) for stream in streams])
    return low + share * (hunt.centres + noise * width * draws.to(hunt.centres) - low)


def _black(hunt: Hunt, layer: nn.Module) -> Tensor:
    """What the layer puts out for one black image: (1, ...)."""
    with tapped(layer) as tap:
        hunt.victim.logits(torch.full_like(hunt.centres[:1], hunt.ball.low))
        return tap.take()


def _of_length_one(values: Tensor) -> Tensor:
    """Each row (n, ...) at Euclidean length 1; the largest entry is divided out first, for tiny squares are zero."""
    rows = values.flatten(1)
    rows = rows / rows.abs().amax(1, keepdim=True).clamp_min(_TINY)
    length: Tensor = vector_norm(rows, dim=1, keepdim=True)
    return (rows / length.clamp_min(1.0)).view_as(values)


def _shares(slope: Tensor) -> Tensor:
    """The gradient over its mean absolute value, for each image, so that each step weighs the same in the momentum."""
    largest = slope.abs().amax((1, 2, 3), keepdim=True).clamp_min(_TINY)
    mean = (slope / largest).abs().mean((1, 2, 3), keepdim=True)
    return slope / largest / mean.clamp_min(_TINY)
