"""A3, the adaptive auto attack (Liu et al. 2022): starts that have worked, and effort where it may still pay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import cos, pi

import torch
from torch import Tensor

from rcnas_zoo.attacks.adaptive_directions import Votes, choose_lean, draw_weights
from rcnas_zoo.attacks.adaptive_plan import OFFICIAL, Plan, Round
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack, streams
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.losses import negative_margin

_DIRECTIONS = {"linf": "sign of the gradient", "l2": "gradient at length 1"}
_FEW_STEPS = 10
AT_ONCE = 250
"""Images that climb at a time."""


class AdaptiveAuto(Attack):
    """Short ascents on the margin from directed starts, round after round on fewer of the images that stand.

    Before each ascent a few steps of the full radius follow a random direction of the logits, which leans as those did
    that broke other images (adaptive direction initialisation). A round attacks only the images whose highest margin so
    far is nearest to the boundary (online statistics-based discarding). So what an image meets depends on the others
    that it is given with, which had better be all: it takes far more than ``least`` that stand to save anything. An
    image that never breaks gives the last iterate of its last ascent.

    Departures from the authors' code: a weight that it draws for a whole batch is drawn for each image; shares are of
    the rightly classified images that it is given; the pass that gives an iterate's gradient also
    judges it, the start included; the longer rounds for ImageNet are left out. In L2 all noise is in the ball, where it
    takes a box, and none at first.
    """

    together = True
    whole = True

    def __init__(self, name: str, ball: Ball, plan: Plan = OFFICIAL) -> None:
        direction = _DIRECTIONS[ball.threat.norm]
        super().__init__(name, ball, loss="margin", direction=direction, discarding="among all", **plan.settings)
        self.effort = plan.effort
        self._plan = plan

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        points = _first_noise(hunt, seeds)
        logits = hunt.victim.guess(points)
        stands = hunt.strike(points, hunt.wrong(logits))
        if not len(hunt):
            return
        campaign = _Campaign(hunt, seeds, self._plan, hunt.wrong_classes(logits[stands]))
        for opening in self._plan.opening:
            campaign.fight(opening)
        for usual, easy in zip(self._plan.usual, self._plan.easy, strict=True):
            campaign.fight(easy if campaign.is_easy else usual)


class _Campaign:
    """What is learnt on the way: margins, votes, and how many fell to directions alone."""

    def __init__(self, hunt: Hunt, seeds: list[int], plan: Plan, ranking: Tensor) -> None:
        self._hunt = hunt
        self._seeds = seeds
        self._plan = plan
        self._ranking = ranking
        self._margins = hunt.found.new_full((len(hunt.found),), -torch.inf)
        self._votes = Votes()
        self._by_directions = 0
        self._ascents = 0
        self._withstood: int | None = None

    @property
    def is_easy(self) -> bool:
        """Whether directions alone have broken enough of those that withstood the first round."""
        return self._by_directions >= self._plan.easy_share * (self._withstood or 0)

    def fight(self, plan: Round) -> None:
        """A round, with all its restarts."""
        few = len(self._hunt) < self._plan.few_share * len(self._hunt.found)
        for _ in range(plan.restarts + (self._plan.more_restarts if few else 0)):
            if not len(self._hunt):
                return
            near = self._hunt.numbers[self._near(1.0 if few else plan.share)]
            for numbers in torch.split(near, AT_ONCE):
                with self._hunt.only(torch.isin(self._hunt.numbers, numbers)) as part:
                    self._climb(part, plan)
            self._ascents += 1
        self._withstood = len(self._hunt) if self._withstood is None else self._withstood

    def _near(self, share: float) -> Tensor:
        """The share of the images that stand whose margins are highest, but never less than the least: bool (n,)."""
        margins = self._margins[self._hunt.numbers]
        count = min(max(int(len(margins) * share), self._plan.least), len(margins))
        return margins >= margins.topk(count).values[-1]

    def _climb(self, part: Hunt, plan: Round) -> None:
        start = part.ball.random_start(part.centres, part.standing(streams(self._seeds, 2 * self._ascents + 1)))
        voted = self._votes if plan.lean == "free" and plan.directing else None
        ascent = _Ascent(part, start, self._weights(part, plan.lean), self._margins, voted)
        ascent.follow(ascent.direction, [1.0] * plan.directing)
        ascent.follow(negative_margin, [step_share(step, plan.steps) for step in range(plan.steps)])
        ascent.end()
        # The point after the last directing step counts too.
        self._by_directions += sum(ascent.fallen[: plan.directing + 1]) if plan.directing else 0

    def _weights(self, part: Hunt, lean: str) -> Tensor:
        """Directions (N, classes) of the logits; zero for the images that are not attacked."""
        ranking, numbers = self._ranking, part.numbers
        seeds = part.standing(streams(self._seeds, 2 * self._ascents + 2))
        chosen = choose_lean(lean, self._votes, ranking.shape[1] + 1)
        weights = part.found.new_zeros((len(ranking), ranking.shape[1] + 1))
        # The ascent without directions has no turn.
        weights[numbers] = draw_weights(part.labels, ranking[numbers], seeds, chosen, self._ascents - 1).to(weights)
        return weights


@dataclass
class _Ascent:
    """One ascent: where its images (n, C, H, W) have come to.

    Attributes:
        part: the images that it attacks.
        points: one for each that stands.
        weights: (N, classes), the direction of each image of the start.
        margins: (N,), their highest margins so far, kept up to date.
        votes: learns the directions of those that break, unless it is None.
        fallen: how many broke at each look.
    """

    part: Hunt
    points: Tensor
    weights: Tensor
    margins: Tensor
    votes: Votes | None
    fallen: list[int] = field(default_factory=list)

    def direction(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How far the logits (n, classes) are along the directions: (n,)."""
        return (logits * self.weights[self.part.numbers]).sum(1)

    def follow(self, loss: Callable[[Tensor, Tensor], Tensor], shares: Sequence[float]) -> None:
        """Steps up a loss, each of a share of the radius; the points before each step are judged."""
        ball = self.part.ball
        for share in shares:
            if not len(self.part):
                return
            slope = self.part.gradient(self.points, loss)
            stands = self._judge(slope.logits)
            moved = self.points + ball.direction(slope.gradient[stands]) * (share * ball.radius)
            self.points = ball.project(moved, self.part.centres)

    def end(self) -> None:
        """Judges the last points, and leaves those there that stand."""
        if len(self.part):
            self._judge(self.part.victim.guess(self.points))
            self.part.settle(self.points)

    def _judge(self, logits: Tensor) -> Tensor:
        """Which images withstand their points: bool (n,); only the points of these are kept."""
        labels, numbers = self.part.labels, self.part.numbers
        margins = negative_margin(logits, labels).to(self.margins)
        self.margins[numbers] = self.margins[numbers].fmax(margins)
        stands = self.part.strike(self.points, self.part.wrong(logits))
        self.points = self.points[stands]
        broken = ~stands
        self.fallen.append(int(broken.sum()))
        if self.votes is not None and self.fallen[-1]:
            self.votes.count(self.weights[numbers[broken]], labels[broken], logits[broken].argmax(1))
        return stands


def _first_noise(hunt: Hunt, seeds: list[int]) -> Tensor:
    """A random point for each image: in Linf every pixel is moved by the radius, up or down."""
    draws = [hunt.ball.noise(hunt.centres.shape[1:], torch.Generator().manual_seed(seed)) for seed in seeds]
    noise = hunt.ball.direction(torch.stack(draws)).to(hunt.centres.device) * hunt.ball.radius
    return (hunt.centres + noise).clamp(hunt.ball.low, hunt.ball.high)


def step_share(step: int, steps: int) -> float:
    """Length of a step of an ascent as a share of the radius: a cosine from 1 down to 0.001, or 0.1 for few steps."""
    last = 0.1 if steps <= _FEW_STEPS else 0.001
    return last + (1 - last) * (1 + cos(pi * step / (steps + 1))) / 2
