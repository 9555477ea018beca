"""A search for the attacks that suit a network (Yao et al. 2021, A-cubed)."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.attack_space import build, space_settings
from rcnas_zoo.attacks.attack_trials import OFFICIAL, Samples, SearchEffort, draw_seeds, find
from rcnas_zoo.attacks.autoattack import AutoAttack
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim


class AttackSearch(Attack):
    """Finds a sequence of attacks for a network, and is that sequence.

    For each place of the sequence, Optuna's tree of Parzen estimators proposes configurations of the space, each tried
    on some random images that still stand. Successive halving leaves one of them (see `find`). It joins the sequence,
    and what it breaks is out of the search.

    Departures from the authors' code: what a configuration may cost is bounded in passes, not in seconds, so that the
    speed of the machine decides nothing; a differentiable stand-in of the network is not looked for, nor layers left
    out, since the networks here are differentiable; the images are doubled from the first halving on.
    """

    searches = True

    def __init__(self, name: str, ball: Ball, classes: int, effort: SearchEffort = OFFICIAL) -> None:
        super().__init__(name, ball, sampler="tpe", search=asdict(effort), space=space_settings(classes))
        self.effort = effort.attacks * effort.passes
        self._classes = classes
        self._effort = effort

    def fitted(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        engine: Callable[[Tensor], Tensor] | None = None,
    ) -> Attack:
        """The sequence of attacks found for a model and images, with its configurations in its settings.

        See `Attack.fitted`. Where the model is wrong on all the images there is nothing to find: the sequence is empty.
        """
        with untouched(model):
            samples = Samples.right(Victim(model, engine), self.ball, images.detach(), labels)
            sequence = self._sequence(samples, generator)
        return sequence if self.stops_early else sequence.to_the_end()

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`. The search sees only the images of the hunt; `fitted` can show it more."""
        samples = Samples.right(hunt.victim, self.ball, hunt.centres, hunt.labels)
        self._sequence(samples, torch.Generator().manual_seed(seeds[0])).run(hunt, seeds)

    def _sequence(self, samples: Samples, generator: torch.Generator) -> AutoAttack:
        found: list[dict[str, Any]] = []
        for _ in range(self._effort.attacks):
            if found:
                samples = samples.survivors(found[-1], draw_seeds(len(samples), generator))
            if not len(samples):
                break
            found.append(find(samples, self._classes, self._effort, generator))
        parts = {str(place): build(configuration, self.ball) for place, configuration in enumerate(found)}
        searched = {key: self.settings[key] for key in ("sampler", "search", "space")}
        return AutoAttack(self.name, self.ball, parts, configurations=found, **searched)
