"""Any attack of torchattacks that takes a model and settings, as ``torchattacks:NAME``.

torchattacks resets the global random state, fails inside ``no_grad`` and wants images in [0, 1]. `Attack.perturb` lends
the model out and enforces the ball; this module sees to the rest. It imports the library only when it is needed.
"""

import inspect
import random
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.spec.attack import PEER_PREFIX
from rcnas_zoo.spec.errors import InvalidInput, Unavailable, unknown_choice

_NORMS = {"linf": "Linf", "l2": "L2"}
# Classes whose `eps` is a Euclidean length, though they have no `norm` to choose.
_EUCLIDEAN = ("PGDL2", "PGDRSL2")
# The seed is told apart from the arguments; talking changes no result.
_NOT_SETTINGS = ("seed", "verbose")


class UnitRange(nn.Module):
    """A model of images in [low, high], as a model of images in [0, 1]; always in eval mode.

    torchattacks asks a model's first parameter for the device, hence an empty one that comes before all others.
    """

    def __init__(self, model: nn.Module, ball: Ball, device: torch.device) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.empty(0, device=device), requires_grad=False)
        self.model = model
        self._low, self._span = ball.low, ball.high - ball.low
        # A wrapper left in train mode would make torchattacks put the model into train mode after each attack.
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W) in [0, 1]."""
        logits: Tensor = self.model(images * self._span + self._low)
        return logits


@dataclass(frozen=True)
class Peer:
    """An attack class of torchattacks, and the arguments it is made with."""

    class_name: str
    arguments: dict[str, Any]

    def attack(self, model: nn.Module, images: Tensor, labels: Tensor, ball: Ball, seed: int) -> Tensor:
        """What the class makes of the images: (N, C, H, W) in the range of the ball, not yet projected.

        It seeds the global random states: the caller must hold `rcnas_zoo.attacks.guard.untouched`.

        Raises:
            Unavailable: the attack failed; the message names it and the cause.
        """
        made = peer_classes()[self.class_name]
        seeded = {"seed": seed} if "seed" in _defaults(made) else {}
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        span = ball.high - ball.low
        try:
            attack = made(UnitRange(model, ball, images.device), **self.arguments, **seeded)
            found: Tensor = attack((images - ball.low) / span, labels)
        except Exception as error:
            raise Unavailable(
                f"torchattacks:{self.class_name} must run on images of shape {tuple(images.shape)}, it failed with "
                f"{type(error).__name__}: {error}; choose another attack"
            ) from error
        return found.detach() * span + ball.low


def peer_classes() -> dict[str, type]:
    """The attack classes of torchattacks that need nothing but a model, by name."""
    import torchattacks

    return {name: found for name, found in vars(torchattacks).items() if _needs_only_a_model(found)}


def _needs_only_a_model(found: object) -> bool:
    if not inspect.isclass(found):
        return False
    required = [name for name, p in inspect.signature(found).parameters.items() if p.default is p.empty]
    return required == ["model"]


def _defaults(peer: type) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(peer).parameters.items() if name != "model"}


def norm_and_radius(ball: Ball) -> dict[str, Any]:
    """How the classes that know several norms are told the threat."""
    return {"norm": _NORMS[ball.threat.norm], "eps": float(ball.threat.radius)}


def library() -> str:
    """Name and version of the library, for settings."""
    return f"{PEER_PREFIX} {version(PEER_PREFIX)}"


GUESSED_EFFORT = 100
"""Of an attack that says nothing about itself."""


class PeerAttack(Attack):
    """One class of torchattacks with its own defaults, except for the radius, the norm and the number of classes.

    A class that knows no radius, or measures it in another norm, runs as it is; what it finds outside the ball is
    projected into it. Its images are attacked together, so the batch is part of the settings.

    Raises:
        InvalidInput: torchattacks has no such class, or it cannot attack in the norm of the threat.
    """

    together = True

    def __init__(self, name: str, ball: Ball, classes: int, class_name: str) -> None:
        known = peer_classes()
        if class_name not in known:
            raise unknown_choice("an attack of torchattacks", class_name, known)
        defaults = _defaults(known[class_name])
        self._peer = Peer(class_name, _arguments(class_name, defaults, ball, classes))
        arguments = {k: v for k, v in {**defaults, **self._peer.arguments}.items() if k not in _NOT_SETTINGS}
        super().__init__(
            name, ball, library=library(), arguments=arguments, seed="of the batch's first image", outside="projected"
        )
        self.effort = GUESSED_EFFORT

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        hunt.settle(self._peer.attack(hunt.victim.model, hunt.centres, hunt.labels, self.ball, seeds[0]))


def _arguments(class_name: str, defaults: Mapping[str, Any], ball: Ball, classes: int) -> dict[str, Any]:
    arguments: dict[str, Any] = {"n_classes": classes} if "n_classes" in defaults else {}
    if "norm" in defaults:
        return {**arguments, **norm_and_radius(ball)}
    euclidean = ball.threat.norm == "l2"
    if "eps" not in defaults or (not euclidean and class_name in _EUCLIDEAN):
        return arguments
    if euclidean and class_name not in _EUCLIDEAN:
        raise InvalidInput(f"the threat of torchattacks:{class_name} must be Linf, got {ball.threat}; write linf@8/255")
    return {**arguments, "eps": float(ball.threat.radius)}
