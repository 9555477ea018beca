"""AutoAttack (Croce and Hein 2020): four attacks in turn, each on the images that are still right.

The parts come from torchattacks, with the official settings: its own ``AutoAttack`` runs 10 steps instead of 100,
another schedule of Square, and a target for every class instead of 9.
"""

from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack, is_right
from rcnas_zoo.attacks.torchattacks_bridge import Peer, library, norm_and_radius

TARGETS = 9
_APGD = {"steps": 100, "n_restarts": 1, "eot_iter": 1, "rho": 0.75}
_FAB = {"steps": 100, "n_restarts": 1, "alpha_max": 0.1, "eta": 1.05, "beta": 0.9}
_SQUARE = {"n_queries": 5000, "n_restarts": 1, "p_init": 0.8, "loss": "margin", "resc_schedule": False}


def standard_parts(classes: int) -> dict[str, Peer]:
    """The sequence for this many classes, by the names of its parts; norm and radius are not filled in.

    Departure: the targeted parts need 4 classes (their loss divides by a difference of the first and the fourth logit).
    Below that they give way to untargeted ones; the untargeted DLR loss needs 3 classes.
    """
    # torchattacks aims at n_classes - 1 targets, the likeliest wrong classes.
    targeted = {"n_classes": min(classes, TARGETS + 1)}
    parts = {
        "apgd-ce": Peer("APGD", {**_APGD, "loss": "ce"}),
        "apgd-t": Peer("APGDT", {**_APGD, **targeted}),
        "apgd-dlr": Peer("APGD", {**_APGD, "loss": "dlr"}),
        "fab-t": Peer("FAB", {**_FAB, **targeted, "multi_targeted": True}),
        "fab": Peer("FAB", {**_FAB, "multi_targeted": False}),
        "square": Peer("Square", _SQUARE),
    }
    few = {2: ("apgd-ce", "fab", "square"), 3: ("apgd-ce", "apgd-dlr", "fab", "square")}
    return {name: parts[name] for name in few.get(classes, ("apgd-ce", "apgd-t", "fab-t", "square"))}


class AutoAttack(Attack):
    """The parts in turn; an image that a part breaks leaves the batch at once.

    A part attacks its images together, so its random choices, and by a hair the result, depend on the batch: the batch
    is part of the settings.
    """

    def __init__(self, name: str, ball: Ball, classes: int) -> None:
        threat = norm_and_radius(ball)
        parts = {part: Peer(peer.class_name, peer.arguments | threat) for part, peer in standard_parts(classes).items()}
        self._parts = tuple(parts.values())
        settings: dict[str, Any] = {
            "library": library(),
            "parts": [{"part": part, "class": peer.class_name, **peer.arguments} for part, peer in parts.items()],
            "seeds": "s, s + 1, ... for the parts; s is the seed of the batch's first image",
        }
        if "apgd-t" not in parts:
            names = ", ".join(parts)
            settings["substitute"] = f"{classes} classes are too few for the targeted parts, it ran {names}"
        super().__init__(name, ball, **settings)

    def run(self, model: nn.Module, images: Tensor, labels: Tensor, seeds: list[int]) -> Tensor:
        """See `Attack.run`."""
        result = images.clone()
        alive = torch.arange(len(images), device=images.device)
        for place, part in enumerate(self._parts):
            targets, wanted = images[alive], labels[alive]
            found = self.ball.project(part.attack(model, targets, wanted, self.ball, seeds[0] + place), targets)
            result[alive] = found
            alive = alive[is_right(model, found, wanted)]
            if not len(alive):
                break
        return result
