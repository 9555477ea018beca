"""Adversarial training as the authors' repositories write it, without a single trick: what ours is measured against.

PIL images through torchvision transforms and a DataLoader, tensors as they come (N, C, H, W) in float32,
``torch.optim.SGD``, ``model.eval()`` while attacking, ``torch.autograd.grad`` to the input, the loss read at every
step.

Two ways of writing the same losses are found in the wild:

- ``robustresnet`` (Huang et al., CVPR 2023): parameters frozen during the attack, the natural prediction of TRADES
  computed once before it, and one natural forward pass for the loss.
- ``script`` (the scripts of TRADES, Zhang et al. 2019, and MART, Wang et al. 2020): parameters not frozen; TRADES
  forwards the natural batch again in every step of the attack, and twice for the loss.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.schedules import learning_rate

STYLES = ("robustresnet", "script")
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Plain:
    """How the plain loop is written and where it runs.

    Attributes:
        style: ``robustresnet`` or ``script``.
        start: scale of the attack's start: ``own`` (the method's: a step times N(0, 1) for SAT, 0.001 N(0, 1) for the
            others), ``gaussian`` (0.001 N(0, 1) for all) or ``uniform`` in the ball.
        device: where to train.
        loader_workers: processes of the DataLoader; the scripts take one beside a graphics card, none without.
    """

    style: str = "robustresnet"
    start: str = "own"
    device: torch.device = _CPU
    loader_workers: int = 0


class Pictures(Dataset[tuple[Any, int]]):
    """Images as PIL pictures with their labels, transformed one by one, as in torchvision's data sets."""

    def __init__(self, images: Images, transform: Callable[[Image.Image], Tensor]) -> None:
        arrays = images.images.permute(0, 2, 3, 1).contiguous().numpy()
        self._arrays = arrays[..., 0] if arrays.shape[-1] == 1 else arrays
        self._labels = images.labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(Image.fromarray(self._arrays[index])), self._labels[index]


def make_loader(images: Images, recipe: TrainingRecipe, plain: Plain) -> DataLoader[tuple[Any, int]]:
    """Shuffled and augmented batches; images must have 256 levels, as PIL pictures do."""
    assert images.levels == 255, images.levels
    steps: list[Any] = []
    if recipe.crop_padding:
        steps.append(transforms.RandomCrop(images.shape[1:], padding=recipe.crop_padding))
    if recipe.flip:
        steps.append(transforms.RandomHorizontalFlip())
    pictures = Pictures(images, transforms.Compose([*steps, transforms.ToTensor()]))
    return DataLoader(
        pictures,
        batch_size=recipe.batch_size,
        shuffle=True,
        num_workers=plain.loader_workers,
        pin_memory=plain.device.type == "cuda",
    )


def train_plain(
    model: nn.Module,
    images: Images,
    recipe: TrainingRecipe,
    *,
    seed: int,
    plain: Plain,
    on_update: Callable[[int], None] = lambda done: None,
) -> None:
    """Trains a network with inputs in [0, 1] in place by the numbers of a recipe; seeds the global random state.

    Only what every one of the repositories has is done: options of the recipe such as averaging are left out. The
    learning rate follows the recipe's schedule at every update, so that a comparison is about the loops alone.
    ``on_update`` hears of the updates done.
    """
    torch.manual_seed(seed)
    loader = make_loader(images, recipe, plain)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
    )
    model.to(plain.device)
    total, done = recipe.epochs * len(loader), 0
    for _ in range(recipe.epochs):
        for batch, labels in loader:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, done, total)
            update(model, batch.to(plain.device), labels.to(plain.device), optimizer, recipe, plain)
            done += 1
            on_update(done)
    model.eval()


def update(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    optimizer: torch.optim.Optimizer,
    recipe: TrainingRecipe,
    plain: Plain,
) -> float:
    """One step of the optimiser on a batch; returns the loss, which the repositories read at every step."""
    optimizer.zero_grad()
    loss = LOSSES[recipe.objective](model, images, labels, recipe, plain)
    loss.backward()  # type: ignore[no-untyped-call]
    if recipe.gradient_clip:
        nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
    optimizer.step()
    return loss.item()


def clean(model: nn.Module, images: Tensor, labels: Tensor, recipe: TrainingRecipe, plain: Plain) -> Tensor:
    """Cross-entropy on the images as they are."""
    model.train()
    return F.cross_entropy(model(images), labels)


def sat(model: nn.Module, images: Tensor, labels: Tensor, recipe: TrainingRecipe, plain: Plain) -> Tensor:
    """Cross-entropy on adversarial images (Madry et al. 2018); always written in the RobustResNet way."""
    start = _start(images, recipe, plain, recipe.attack_step_size * _radius(recipe))
    with _frozen(model, True):
        adversarial = _ascend(images, start, lambda x: F.cross_entropy(model(x), labels), recipe)
    model.train()
    return F.cross_entropy(model(adversarial), labels)


def trades(model: nn.Module, images: Tensor, labels: Tensor, recipe: TrainingRecipe, plain: Plain) -> Tensor:
    """CE(p(x), y) + beta KL(p(x) || p(x')) (Zhang et al. 2019)."""
    again = plain.style == "script"
    with _frozen(model, not again):
        kept = None if again else model(images)

        def divergence(x: Tensor) -> Tensor:
            natural = model(images) if kept is None else kept
            return F.kl_div(F.log_softmax(model(x), dim=1), F.softmax(natural, dim=1), reduction="sum")

        adversarial = _ascend(images, _start(images, recipe, plain, 0.001), divergence, recipe)
    model.train()
    logits = model(images)
    natural = F.cross_entropy(logits, labels)
    attacked = F.log_softmax(model(adversarial), dim=1)
    target = F.softmax(model(images) if again else logits, dim=1)
    robust = F.kl_div(attacked, target, reduction="sum") / len(images)
    return natural + recipe.beta * robust


def mart(model: nn.Module, images: Tensor, labels: Tensor, recipe: TrainingRecipe, plain: Plain) -> Tensor:
    """Boosted cross-entropy and a divergence weighted by doubt (Wang et al. 2020)."""
    with _frozen(model, plain.style != "script"):
        start = _start(images, recipe, plain, 0.001)
        adversarial = _ascend(images, start, lambda x: F.cross_entropy(model(x), labels), recipe)
    model.train()
    logits, attacked = model(images), model(adversarial)
    probabilities = F.softmax(attacked, dim=1)
    top = probabilities.argsort(dim=1)[:, -2:]
    rival = torch.where(top[:, -1] == labels, top[:, -2], top[:, -1])[:, None]
    boosted = F.cross_entropy(attacked, labels) + F.nll_loss((1.0001 - probabilities + 1e-12).log(), rival[:, 0])
    natural = F.softmax(logits, dim=1)
    right = natural.gather(1, labels[:, None])[:, 0]
    rows = F.kl_div((probabilities + 1e-12).log(), natural, reduction="none").sum(dim=1)
    return boosted + recipe.beta * (rows * (1.0000001 - right)).mean()


LOSSES = {"clean": clean, "sat": sat, "fast": sat, "trades": trades, "mart": mart}


def _ascend(images: Tensor, start: Tensor, loss: Callable[[Tensor], Tensor], recipe: TrainingRecipe) -> Tensor:
    radius = _radius(recipe)
    adversarial = images.detach() + start
    for _ in range(recipe.attack_steps):
        adversarial.requires_grad_()
        gradient = torch.autograd.grad(loss(adversarial), [adversarial])[0]
        adversarial = adversarial.detach() + recipe.attack_step_size * radius * torch.sign(gradient.detach())
        adversarial = torch.min(torch.max(adversarial, images - radius), images + radius)
        adversarial = torch.clamp(adversarial, 0.0, 1.0)
    return adversarial


def _start(images: Tensor, recipe: TrainingRecipe, plain: Plain, own: float) -> Tensor:
    if plain.start == "uniform":
        return torch.empty_like(images).uniform_(-_radius(recipe), _radius(recipe))
    return (own if plain.start == "own" else 0.001) * torch.randn(images.shape).to(images.device)


def _radius(recipe: TrainingRecipe) -> float:
    return float(ThreatModel.parse(recipe.threat).radius)


@contextmanager
def _frozen(model: nn.Module, frozen: bool) -> Iterator[None]:
    """Within: eval mode, parameters frozen or not."""
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad = not frozen
    try:
        yield
    finally:
        for parameter in model.parameters():
            parameter.requires_grad = True
