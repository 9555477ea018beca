"""Small trainings with known answers, shared by the tests of the engine and by the processes that they start."""

import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import TrainingRecipe

RECIPE = TrainingRecipe(
    objective="sat",
    threat="linf@1/10",
    attack_steps=3,
    attack_step_size=0.5,
    epochs=6,
    batch_size=32,
    learning_rate=0.05,
    crop_padding=0,
    flip=False,
    selection_attack="pgd-3",
    selection_start=0.0,
)
EVERYTHING = RECIPE.with_changes(
    objective="trades",
    attack_start="uniform",
    nesterov=True,
    schedule="cosine",
    warmup=0.1,
    crop_padding=1,
    flip=True,
    cutout=1,
    bn_statistics="twice",
    label_smoothing=0.1,
    weight_perturbation=0.01,
    perturbation_start=0.25,
    weight_average=0.9,
    selection_start=0.3,
)


def fragile_and_robust(count, seed=0):
    """Images whose class shows in one strong pixel (right in four of five) and in fifteen weak ones (all right).

    Under Linf 0.1 the weak pixels can be turned over and the strong one cannot, so a clean training leans on what an
    attacker controls. All values are far from 0 and 255, so that clipping never binds.
    """
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (count,), generator=source)
    sign = (2 * labels - 1).float()
    strong = torch.where(torch.rand(count, generator=source) < 0.8, sign, -sign)
    pixels = 128 + 20 * sign[:, None] + 4 * torch.randn(count, 16, generator=source)
    pixels[:, 0] = 128 + 64 * strong
    return Images(pixels.clamp(60, 195).to(torch.uint8).view(count, 1, 4, 4), labels)


def small_network(seed=0, width=4):
    """With batch normalisation, for 4x4 grey images of two classes."""
    network = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Flatten(), nn.Linear(16 * width, 2)
    )
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.startswith("1."):
                parameter.normal_(0, 0.2, generator=torch.Generator().manual_seed(seed))
    return network


def linear_network():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return network


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def same_result(one, other):
    """Bit by bit, but for the seconds."""
    facts = ("best_epoch", "curve", "diverged_at", "hopeless", "engine")
    return (
        same_weights(one.best, other.best)
        and same_weights(one.last, other.last)
        and all(getattr(one, name) == getattr(other, name) for name in facts)
    )


class Heard(Silent):
    """Writes down all that it is told, and fails (``Cut``) when so many updates are done."""

    def __init__(self, until=0):
        self.until, self.rows, self.calls, self.warnings = until, [], [], []

    def epoch(self, number, total, metrics):
        assert number == len(self.rows) + 1
        self.rows.append(dict(metrics))

    def progress(self, label, done, total, note=""):
        self.calls.append((label, done, total, note))
        if done == self.until:
            raise Cut

    def warning(self, message):
        assert "\n" not in message
        self.warnings.append(message)

    @property
    def done(self):
        """The numbers of updates, in the order that they were told."""
        return [call[1] for call in self.calls]


class Cut(Exception):
    """The training is cut off here."""


class Broken(nn.Module):
    """A linear model whose loss is infinite in one update of clean training while all weights stay finite.

    An impossible class costs infinitely much, and its gradient is that of any certain mistake. The passes are counted
    in a buffer, so that a checkpoint knows them.
    """

    def __init__(self, update):
        super().__init__()
        self.layer = linear_network()
        self.update = update
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def forward(self, images):
        logits = self.layer(images)
        if not self.training:
            return logits
        self.passes += 1
        shut = torch.tensor([-torch.inf, 0.0])
        return logits + shut if self.passes == self.update else logits
