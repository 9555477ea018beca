"""Distances that our HopSkipJump finds and those that foolbox's finds, from the same starts, on the same network.

pip install 'rcnas-zoo[peers]'

python benchmarks/hopskipjump_parity.py --images 20 --iterations 30

A small network is trained on the digits that ship with scikit-learn (seconds). foolbox runs image by image: in a batch
it divides each estimate of the normal by the norm of all of them together, so its L2 steps are too short; that is
measured too. A ratio below 1 means that ours is nearer.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any

import click
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball, make_ball
from rcnas_zoo.attacks.boundary import Boundary, along_line
from rcnas_zoo.attacks.hopskipjump import BLENDINGS, Effort, HopSkipJump
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim, is_right
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.threat import ThreatModel

WIDE = ("linf@1", "l2@100")
"""Balls that no image leaves early in."""


def trained(images: Images, epochs: int = 30) -> nn.Module:
    """A small network that knows the digits."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), 0.005)
    floats, labels = images.floats(), images.labels
    for _ in range(epochs):
        for rows in torch.randperm(len(labels)).split(100):
            optimizer.zero_grad()
            F.cross_entropy(net(floats[rows]), labels[rows]).backward()
            optimizer.step()
    return net.eval().requires_grad_(False)


@dataclass(frozen=True)
class Problem:
    """Images (N, C, H, W) that a network classifies rightly, and misclassified points to start from."""

    net: nn.Module
    ball: Ball
    images: Tensor
    labels: Tensor
    starts: Tensor
    seeds: list[int]

    @classmethod
    def of(cls, net: nn.Module, ball: Ball, images: Tensor, labels: Tensor) -> "Problem":
        """With the starts of our attack; images that have none are left out."""
        boundary = Boundary(Victim(net), ball, images, labels)
        noise, found = boundary.noise(Effort().starts, [torch.Generator().manual_seed(i) for i in range(len(images))])
        starts = boundary.bisect(noise, along_line, BLENDINGS)
        return cls(net, ball, images[found], labels[found], starts[found], found.nonzero().flatten().tolist())

    def ours(self, iterations: int) -> Tensor:
        """Distances that our attack finds: (N,)."""
        hunt = Hunt(Victim(self.net), self.ball, self.images, self.labels, to_the_end=True)
        HopSkipJump("hopskipjump", self.ball, Effort(iterations=iterations)).run(hunt, self.seeds)
        return self.ball.distance(hunt.found, self.images)

    def theirs(self, foolbox: Any, iterations: int, batch: int) -> Tensor:
        """Distances that foolbox's attack finds: (N,)."""
        torch.manual_seed(0)
        attack = foolbox.attacks.HopSkipJumpAttack(steps=iterations, constraint=self.ball.threat.norm)
        model = foolbox.PyTorchModel(self.net, bounds=(self.ball.low, self.ball.high), device="cpu")
        parts = zip(*(rows.split(batch) for rows in (self.images, self.labels, self.starts)), strict=True)
        found = [
            attack.run(model, images, foolbox.criteria.Misclassification(labels), starting_points=starts)
            for images, labels, starts in parts
        ]
        return self.ball.distance(torch.cat(found), self.images)


def compare(foolbox: Any, problem: Problem, iterations: int) -> None:
    """Print the distances of both."""
    begin = time.perf_counter()
    own = problem.ours(iterations)
    print(f"{problem.ball.threat.norm}, {len(own)} images, {iterations} iterations")
    print(f"  ours                    median {own.median():.4f}  {time.perf_counter() - begin:6.1f} s")
    for label, batch in (("foolbox, image by image", 1), ("foolbox, in one batch  ", len(own))):
        begin = time.perf_counter()
        peer = problem.theirs(foolbox, iterations, batch)
        ratios = (own / peer).quantile(torch.tensor([0.1, 0.5, 0.9])).tolist()
        low, middle, high = (f"{ratio:.3f}" for ratio in ratios)
        seconds = time.perf_counter() - begin
        print(f"  {label} median {peer.median():.4f}  {seconds:6.1f} s  ours / theirs {middle} ({low} to {high})")


@click.command()
@click.option("--images", "count", default=20, show_default=True, type=click.IntRange(1, 360), help="Test images.")
@click.option("--iterations", default=30, show_default=True, type=click.IntRange(1), help="Of both libraries.")
def main(count: int, iterations: int) -> None:
    """Compare the distances that two HopSkipJumps find."""
    try:
        import foolbox
    except ImportError:
        sys.exit("foolbox must be installed for this comparison; pip install 'rcnas-zoo[peers]'")
    torch.set_num_threads(1)
    data = load_dataset("digits")
    net, test = trained(data.train), data.test()
    images, labels = test.floats()[:count], test.labels[:count]
    right = is_right(net, images, labels)
    for threat in WIDE:
        ball = make_ball(ThreatModel.parse(threat), 0.0, 1.0)
        compare(foolbox, Problem.of(net, ball, images[right], labels[right]), iterations)


if __name__ == "__main__":
    main()
