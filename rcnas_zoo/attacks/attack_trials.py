"""Trials of attacks on samples of images, and the halving that leaves the best of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.attacks.attack_space import build, draw
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.losses import cross_entropy
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.spec.quiet_optuna import quiet_optuna

LOSS_SHARE = 100
_BATCH = 250


@dataclass(frozen=True)
class SearchEffort:
    """How hard a search tries; the numbers are the authors', but for ``passes``.

    Attributes:
        attacks: of the sequence.
        trials: configurations tried for each of them.
        images: on which a trial runs.
        kept: one in so many configurations is kept at a halving.
        growth: factor of the images at a halving.
        random_trials: trials drawn at random, before the sampler knows anything.
        passes: forward passes that a configuration may cost an image; a gradient counts for three.
    """

    attacks: int = 3
    trials: int = 64
    images: int = 100
    kept: int = 4
    growth: int = 2
    random_trials: int = 20
    passes: int = 3000


OFFICIAL = SearchEffort()


@dataclass(frozen=True)
class Samples:
    """Images (N, C, H, W) that a model classifies rightly, their labels (N,), and where an attack may move them."""

    victim: Victim
    ball: Ball
    images: Tensor
    labels: Tensor

    @classmethod
    def right(cls, victim: Victim, ball: Ball, images: Tensor, labels: Tensor) -> "Samples":
        """Of these images, those that the model classifies rightly."""
        right = torch.cat([victim.is_right(images[batch], labels[batch]) for batch in _batches(len(labels))])
        return cls(victim, ball, images[right], labels[right])

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.labels)

    def some(self, count: int, generator: torch.Generator) -> "Samples":
        """So many random ones, without replacement; all of them, if they are fewer."""
        order = torch.randperm(len(self), generator=generator, device=generator.device)[:count]
        order = order.to(self.labels.device)
        return Samples(self.victim, self.ball, self.images[order], self.labels[order])

    def score(self, configuration: dict[str, Any], seeds: Sequence[int]) -> float:
        """The share of images that an attack breaks, plus a hundredth of the mean cross-entropy, in nats.

        The cross-entropy is that of what the attack made of all the images. A loss that is not a number counts as 0.
        """
        standing, losses = 0, 0.0
        for hunt, labels in self._hunts(configuration, seeds):
            standing += len(hunt)
            losses += float(cross_entropy(self.victim.logits(hunt.found), labels).nan_to_num(0.0).sum())
        return 1 - standing / len(self) + losses / len(self) / LOSS_SHARE

    def survivors(self, configuration: dict[str, Any], seeds: Sequence[int]) -> "Samples":
        """The images that withstand an attack."""
        left = [(hunt.centres, hunt.labels) for hunt, _ in self._hunts(configuration, seeds)]
        images, labels = (torch.cat(parts) for parts in zip(*left, strict=True))
        return Samples(self.victim, self.ball, images, labels)

    def _hunts(self, configuration: dict[str, Any], seeds: Sequence[int]) -> Iterator[tuple[Hunt, Tensor]]:
        """Batch by batch, the hunt when it is over, and the labels of all its images."""
        attack = build(configuration, self.ball)
        for batch in _batches(len(self)):
            hunt = Hunt(self.victim, self.ball, self.images[batch], self.labels[batch])
            attack.run(hunt, list(seeds[batch]))
            hunt.judge()
            yield hunt, self.labels[batch]


def _batches(count: int) -> Iterator[slice]:
    return (slice(begin, begin + _BATCH) for begin in range(0, count, _BATCH))


def draw_seeds(count: int, generator: torch.Generator) -> list[int]:
    """A seed for each of so many images."""
    return torch.randint(2**31, (count,), generator=generator, device=generator.device).tolist()


def find(samples: Samples, classes: int, effort: SearchEffort, generator: torch.Generator) -> dict[str, Any]:
    """The configuration that suits the images best.

    Trials come first. Then one in ``kept`` goes on to a new sample, ever larger, where its score becomes the mean of
    the old and the new one, until one is left. All that are tried on one sample meet the same random choices.
    """
    count = effort.images
    best = _highest(_trials(samples.some(count, generator), classes, effort, generator), effort.kept)
    while len(best) > 1:
        count *= effort.growth
        sample = samples.some(count, generator)
        seeds = draw_seeds(len(sample), generator)
        again = [(point, (score + sample.score(point, seeds)) / 2) for point, score in best]
        best = _highest(again, effort.kept)
    return best[0][0]


_Scored = tuple[dict[str, Any], float]


def _highest(scored: list[_Scored], kept: int) -> list[_Scored]:
    """The one in ``kept`` of highest score; of equals, the first."""
    return sorted(scored, key=lambda each: -each[1])[: ceil(len(scored) / kept)]


def _trials(sample: Samples, classes: int, effort: SearchEffort, generator: torch.Generator) -> list[_Scored]:
    seeds, (sampler_seed,) = draw_seeds(len(sample), generator), draw_seeds(1, generator)
    with quiet_optuna() as optuna:
        sampler = optuna.samplers.TPESampler(seed=sampler_seed, n_startup_trials=effort.random_trials)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        scored = []
        for _ in range(effort.trials):
            trial = study.ask()
            point = draw(trial, classes, effort.passes)
            scored.append((point, sample.score(point, seeds)))
            study.tell(trial, scored[-1][1])
    return scored
