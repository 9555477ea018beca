"""The attack libraries that stand beside ours, each as one function: which images survive its attack.

All are given Linf threats, images in [0, 1] and the settings that the attack's name means here. Peers see the images in
batches of the size that ours takes on a processor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import click
import numpy as np
import torch
from machine import cores
from torch import Tensor, nn

from rcnas_zoo.evaluation.batching import LARGEST
from rcnas_zoo.evaluation.campaign import Means
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.threat import ThreatModel

BATCH = LARGEST["cpu"]
STEPS = 20
STEP_SHARE = 1 / 4


@dataclass(frozen=True)
class Target:
    """What is attacked.

    Attributes:
        model: (N, C, H, W) -> logits (N, classes), in eval mode.
        images: (N, C, H, W) float32 in [0, 1].
        labels: (N,) int64.
        threat: text of a Linf threat model.
        classes: of the model.
    """

    model: nn.Module
    images: Tensor
    labels: Tensor
    threat: str
    classes: int = 10

    @property
    def radius(self) -> float:
        """The radius in units of the images."""
        return float(ThreatModel.parse(self.threat).radius)

    def few(self, count: int) -> "Target":
        """The first images."""
        return Target(self.model, self.images[:count], self.labels[:count], self.threat, self.classes)

    @torch.no_grad()
    def right(self, images: Tensor) -> Tensor:
        """Which of these images (N, C, H, W) the model tells rightly: bool (N,)."""
        answers = torch.cat([self.model(part).argmax(1) for part in torch.split(images, BATCH)])
        return answers == self.labels

    def standing(self, found: Tensor) -> Tensor:
        """Which images are right before and under an attack that made these of them: bool (N,)."""
        return self.right(self.images) & self.right(found)

    def in_batches(self, attack: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """What an attack makes of the images, batch by batch: (N, C, H, W)."""
        parts = zip(torch.split(self.images, BATCH), torch.split(self.labels, BATCH), strict=True)
        return torch.cat([attack(images, labels).detach() for images, labels in parts])


Verdict = Callable[[Target, str, int], Tensor]


@dataclass(frozen=True)
class Library:
    """A library.

    Attributes:
        survived: which images survive: (target, attack, seed) -> bool (N,).
        attacks: the names that it can run as they are meant.
        module: what must be importable.
    """

    survived: Verdict
    attacks: tuple[str, ...]
    module: str

    @property
    def is_here(self) -> bool:
        """Whether it can be imported; installed is not enough."""
        try:
            import_module(self.module)
        except ImportError:
            return False
        return True


def ours(target: Target, attack: str, seed: int) -> Tensor:
    """By this package, with a process a core, as its command line does it."""
    name, protocol = attack.split() if " " in attack else (attack, "default")
    with Workers(cores()) as workers:
        report = evaluate(
            target.model,
            target.images,
            target.labels,
            attacks=[name],
            threat=target.threat,
            protocol=protocol,
            seed=seed,
            means=Means(workers),
        )
    return report.verdicts[name]


def torchattacks(target: Target, attack: str, seed: int) -> Tensor:
    """By torchattacks; AutoAttack from its parts with the official numbers, for its own class runs 10 iterations."""
    import torchattacks as library

    torch.manual_seed(seed)
    radius, model = target.radius, target.model
    if attack == "pgd-20":
        return target.standing(target.in_batches(library.PGD(model, radius, radius * STEP_SHARE, STEPS)))
    norm = {"norm": "Linf", "eps": radius, "seed": seed}
    parts = [
        library.APGD(model, **norm, steps=100, loss="ce"),
        library.APGDT(model, **norm, steps=100, n_classes=target.classes),
        library.FAB(model, **norm, steps=100, multi_targeted=True, n_classes=target.classes),
        library.Square(model, **norm, n_queries=5000, resc_schedule=False),
    ]
    return target.standing(target.in_batches(library.MultiAttack(parts)))


def official(target: Target, attack: str, seed: int) -> Tensor:
    """By the code of AutoAttack's authors, standard version."""
    from autoattack import AutoAttack

    made = AutoAttack(target.model, norm="Linf", eps=target.radius, seed=seed, device="cpu", verbose=False)
    return target.standing(made.run_standard_evaluation(target.images, target.labels, bs=BATCH))


def foolbox(target: Target, attack: str, seed: int) -> Tensor:
    """By foolbox, which has no AutoAttack."""
    import foolbox as library

    torch.manual_seed(seed)
    made = library.attacks.LinfProjectedGradientDescentAttack(rel_stepsize=STEP_SHARE, steps=STEPS, random_start=True)
    model = library.PyTorchModel(target.model, bounds=(0, 1), device="cpu")
    return target.standing(target.in_batches(lambda *batch: made(model, *batch, epsilons=target.radius)[1]))


def art(target: Target, attack: str, seed: int) -> Tensor:
    """By the Adversarial Robustness Toolbox, whose AutoAttack holds other attacks than the standard version."""
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    np.random.seed(seed)
    shape = tuple(target.images.shape[1:])
    model = PyTorchClassifier(
        target.model, nn.CrossEntropyLoss(), shape, target.classes, clip_values=(0, 1), device_type="cpu"
    )
    radius = target.radius
    made = ProjectedGradientDescentPyTorch(
        model,
        eps=radius,
        eps_step=radius * STEP_SHARE,
        max_iter=STEPS,
        num_random_init=1,
        batch_size=BATCH,
        verbose=False,
    )
    return target.standing(torch.from_numpy(made.generate(target.images.numpy(), target.labels.numpy())))


# torchattacks carries an old copy of `autoattack`, whose FAB imports what torch has no more.
LIBRARIES = {
    "ours": Library(ours, ("pgd-20", "autoattack"), "rcnas_zoo"),
    "torchattacks": Library(torchattacks, ("pgd-20", "autoattack"), "torchattacks"),
    "official": Library(official, ("autoattack",), "autoattack.fab_pt"),
    "foolbox": Library(foolbox, ("pgd-20",), "foolbox"),
    "art": Library(art, ("pgd-20",), "art"),
}


def present(names: Sequence[str]) -> list[str]:
    """Those of these libraries that can be imported; tells of the others.

    Raises:
        ClickException: a name that is none of `LIBRARIES`.
    """
    if unknown := [name for name in names if name not in LIBRARIES]:
        raise click.ClickException(f"a library must be one of {', '.join(LIBRARIES)}, got {', '.join(unknown)}")
    found = [name for name in names if LIBRARIES[name].is_here]
    for name in names:
        if name not in found:
            click.echo(f"{name} is left out, for {LIBRARIES[name].module} cannot be imported", err=True)
    return found
