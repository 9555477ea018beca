"""Attacks made on one network and tried on another."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack, CleanAttack
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim


@dataclass(frozen=True, eq=False)
class Source:
    """The network that images are attacked on.

    Attributes:
        model: (N, C, H, W) -> logits (N, classes), of the same images and classes as the target, on the same device.
        identity: what tells it from any other; part of the settings.
    """

    model: nn.Module
    identity: str


def by_way_of(source: Source | None, attack: Attack) -> Attack:
    """The attack made on a source; itself without one, or if it is none at all."""
    return attack if source is None or isinstance(attack, CleanAttack) else TransferAttack(attack, source)


class TransferAttack(Attack):
    """Attacks each image on the source, to the last step, and shows the target what has become of it.

    Nothing of the target is used. An image that the source misclassifies already is attacked all the same, for that
    tells nothing of the target.
    """

    def __init__(self, attack: Attack, source: Source) -> None:
        pressed = attack.to_the_end()
        own = {key: value for key, value in pressed.settings.items() if key not in ("attack", *attack.ball.settings)}
        super().__init__(attack.name, attack.ball, **own, source=source.identity)
        self.effort = attack.effort
        self.together = attack.together
        self.searches = attack.searches
        self.whole = attack.whole
        self._attack = pressed
        self._source = source

    def fitted(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        engine: Callable[[Tensor], Tensor] | None = None,
    ) -> Attack:
        """See `Attack.fitted`; a search looks at the source, never at the target."""
        fitted = self._attack.fitted(self._source.model, images, labels, generator)
        return self if fitted is self._attack else TransferAttack(fitted, self._source)

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        victim = Victim(self._source.model)
        hunt.settle(self._attack.perturb_seeded(victim, hunt.centres, hunt.labels, seeds))
