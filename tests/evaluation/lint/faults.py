"""Ways to get a robust accuracy that is worth nothing, each seeded into a sound network or into its data."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.evaluation.lint.sound import Digits


class Wrapped(nn.Module):
    """A network with something done to its images and something to its logits."""

    def __init__(
        self,
        network: nn.Module,
        before: Callable[[Tensor], Tensor] = lambda images: images,
        after: Callable[[Tensor], Tensor] = lambda logits: logits,
    ) -> None:
        super().__init__()
        self.network, self.before, self.after = network, before, after

    def forward(self, images: Tensor) -> Tensor:
        return self.after(self.network(self.before(images)))


class Inside(nn.Module):
    """A sequential network with something done behind its layer of this number."""

    def __init__(self, network: nn.Sequential, place: int, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.place, self.change = network, place, change

    def forward(self, images: Tensor) -> Tensor:
        values = images
        for place, layer in enumerate(self.network):
            values = layer(values)
            values = self.change(values) if place == self.place else values
        return values


class TrainingNorms(nn.Module):
    """A sequential network whose batch normalisation takes its statistics from the batch, also in eval mode."""

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        for layer in self.network:
            norm = isinstance(layer, nn.BatchNorm2d)
            images = (
                F.batch_norm(images, None, None, layer.weight, layer.bias, training=True) if norm else layer(images)
            )
        return images


class Branches(nn.Module):
    """The sum of two networks, of which the first hides its gradient."""

    def __init__(self, first: nn.Module, second: nn.Module, weight: float) -> None:
        super().__init__()
        self.first, self.second, self.weight = first, second, weight

    def forward(self, images: Tensor) -> Tensor:
        return self.first(images.detach()) + self.weight * self.second(images)


class Memory(nn.Module):
    """Knows by heart the clean images that it was shown, and answers every other with a worse network."""

    def __init__(self, network: nn.Module, images: Tensor, labels: Tensor) -> None:
        super().__init__()
        self.network = network
        self.known = {image.numpy().tobytes(): int(label) for image, label in zip(images, labels, strict=True)}

    def forward(self, images: Tensor) -> Tensor:
        found = [self.known.get(image.numpy().tobytes(), -1) for image in images.detach().cpu()]
        remembered = F.one_hot(torch.tensor(found) + 1, 11)[:, 1:]
        return self.network(images.roll(1, -1)) + 30.0 * remembered


class Alternating(nn.Module):
    """Two networks; the place in the batch says which of them answers."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, images: Tensor) -> Tensor:
        odd = torch.arange(len(images))[:, None] % 2 == 1
        return torch.where(odd, self.first(images), self.second(images))


class Wary(nn.Module):
    """Answers with another network when it is watched by a gradient."""

    def __init__(self, network: nn.Module, decoy: nn.Module) -> None:
        super().__init__()
        self.network, self.decoy = network, decoy

    def forward(self, images: Tensor) -> Tensor:
        return self.decoy(images) if images.requires_grad else self.network(images)


class Counting(nn.Module):
    """Moves a buffer a little further with every batch."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.zeros(1))

    def forward(self, images: Tensor) -> Tensor:
        self.mean += 0.1 * (images.detach().mean() - self.mean)
        return self.network(images - 0.05 * self.mean)


class _Backwards(torch.autograd.Function):
    @staticmethod
    def forward(_, images: Tensor) -> Tensor:
        return images.clone()

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        return -gradient


class _Shattered(torch.autograd.Function):
    @staticmethod
    def forward(_, images: Tensor) -> Tensor:
        return images.clone()

    @staticmethod
    def backward(_, gradient: Tensor) -> Tensor:
        return torch.randn(gradient.shape, generator=torch.Generator().manual_seed(0)) * gradient.norm()


def in_frequencies(images: Tensor) -> Tensor:
    """The images with the coefficients of their cosine transform rounded, as JPEG does with its blocks of 8x8."""
    places = torch.arange(8.0)
    waves = torch.cos(torch.pi / 8 * (places[None, :] + 0.5) * places[:, None]) / 2
    waves[0] /= 2**0.5
    coefficients = waves @ images @ waves.T
    return waves.T @ (torch.round(coefficients * 4) / 4) @ waves


def strongest_activations(values: Tensor) -> Tensor:
    """A tenth of the activations, zero for the others: which ones they are has no gradient (k-winners-take-all)."""
    least = values.flatten(1).topk(values[0].numel() // 10, 1).values[:, -1]
    return values * (values >= least.view(-1, 1, 1, 1))


def resized_and_padded(images: Tensor) -> Tensor:
    size = int(torch.randint(6, 9, ()))
    small = F.interpolate(images, size=size, mode="bilinear")
    left, top = (int(torch.randint(0, 9 - size, ())) for _ in range(2))
    return F.pad(small, (left, 8 - size - left, top, 8 - size - top))


def nan_backwards(images: Tensor) -> Tensor:
    """A root of squares: right forwards, and 0 / 0 backwards where a pixel is black."""
    return (images**2).sqrt()


@dataclass(frozen=True)
class Case:
    """What an evaluation is given."""

    model: nn.Module
    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Ground:
    """What faults are made of: sound networks by name, and the digits."""

    networks: dict[str, nn.Module]
    data: Digits

    def with_model(self, model: nn.Module) -> Case:
        return Case(model, self.data.test_images, self.data.test_labels)

    def wrapped(self, before: Callable[[Tensor], Tensor]) -> Case:
        return self.with_model(Wrapped(self.networks["cnn"], before))

    def answered(self, after: Callable[[Tensor], Tensor]) -> Case:
        return self.with_model(Wrapped(self.networks["cnn"], after=after))

    def labelled(self, labels: Tensor) -> Case:
        return Case(self.networks["cnn"], self.data.test_images, labels)

    def moments(self) -> tuple[float, float]:
        return float(self.data.images.mean()), float(self.data.images.std())


def shuffled(labels: Tensor) -> Tensor:
    return labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]


def normalised_once_more(ground: Ground) -> Case:
    mean, deviation = ground.moments()
    normalised = Wrapped(ground.networks["normalised cnn"], lambda images: (images - mean) / deviation)
    return ground.with_model(normalised)


FAULTS: dict[str, tuple[Callable[[Ground], Case], str]] = {
    "inputs rounded": (lambda g: g.wrapped(lambda x: torch.round(4 * x) / 4), "zero-gradients"),
    "inputs rounded, with a leak": (
        lambda g: g.wrapped(lambda x: torch.round(4 * x) / 4 + 0.02 * x.roll(1, -1)),
        "gradients-mislead",
    ),
    "inputs made black and white": (lambda g: g.wrapped(lambda x: (x - 0.5).sign() / 2 + 0.5), "zero-gradients"),
    "inputs as JPEG": (lambda g: g.wrapped(in_frequencies), "zero-gradients"),
    "activations rounded": (
        lambda g: g.with_model(Inside(g.networks["cnn"], 2, lambda a: torch.round(2 * a) / 2)),
        "zero-gradients",
    ),
    "logits rounded": (lambda g: g.answered(torch.round), "zero-gradients"),
    "logits saturated": (lambda g: g.answered(lambda z: 10 * torch.tanh(10 * z)), "zero-gradients"),
    "logits as one answer": (lambda g: g.answered(lambda z: 10.0 * F.one_hot(z.argmax(1), 10)), "no-gradients"),
    "probabilities": (lambda g: g.answered(lambda z: z.softmax(1)), "outputs-are-probabilities"),
    "temperature of a millionth": (lambda g: g.answered(lambda z: 1e6 * z), "saturated-loss"),
    "images detached but for a trace": (
        lambda g: g.with_model(Branches(g.networks["cnn"], g.networks["linear"], 1e-6)),
        "zero-gradients",
    ),
    "one of two branches detached": (
        lambda g: g.with_model(Branches(g.networks["cnn"], g.networks["linear"], 0.1)),
        "gradients-mislead",
    ),
    "gradients of the wrong sign": (lambda g: g.wrapped(_Backwards.apply), "gradients-mislead"),
    "gradients shattered": (lambda g: g.wrapped(_Shattered.apply), "gradients-mislead"),
    "gradients not a number": (lambda g: g.wrapped(nan_backwards), "invalid-gradients"),
    "dropout left on": (
        lambda g: g.with_model(Inside(g.networks["cnn"], 2, lambda a: F.dropout(a, 0.3, training=True))),
        "answers-differ",
    ),
    "inputs resized and padded at random": (lambda g: g.wrapped(resized_and_padded), "answers-differ"),
    "noise on the inputs": (lambda g: g.wrapped(lambda x: x + 0.1 * torch.randn_like(x)), "answers-differ"),
    "statistics of the batch": (lambda g: g.with_model(TrainingNorms(g.networks["cnn"])), "batch-dependent"),
    "answers by place in the batch": (
        lambda g: g.with_model(Alternating(g.networks["cnn"], g.networks["robust cnn"])),
        "batch-dependent",
    ),
    "statistics that move on": (lambda g: g.with_model(Counting(g.networks["cnn"])), "answers-differ"),
    "clean images known by heart": (
        lambda g: g.with_model(Memory(g.networks["cnn"], g.data.test_images, g.data.test_labels)),
        "answers-jump",
    ),
    "another network when watched": (
        lambda g: g.with_model(Wary(g.networks["cnn"], g.networks["robust mlp"])),
        "attack-dependent",
    ),
    "normalised twice": (normalised_once_more, "image-format"),
    "made for [0, 255]": (lambda g: g.wrapped(lambda x: x / 255), "image-format"),
    "made for [-1, 1]": (lambda g: g.wrapped(lambda x: (x + 1) / 2), "image-format"),
    "images transposed": (
        lambda g: Case(g.networks["cnn"], g.data.test_images.mT.contiguous(), g.data.test_labels),
        "image-format",
    ),
    "the strongest activations alone": (
        lambda g: g.with_model(Inside(g.networks["cnn"], 2, strongest_activations)),
        "gradients-mislead",
    ),
    "images divided by 255 once more": (
        lambda g: Case(g.networks["cnn"], g.data.test_images / 255, g.data.test_labels),
        "narrow-images",
    ),
    "labels shifted by one": (lambda g: g.labelled((g.data.test_labels + 1) % 10), "labels-renamed"),
    "two labels exchanged": (
        lambda g: g.labelled(torch.tensor([0, 7, 2, 3, 4, 5, 6, 1, 8, 9])[g.data.test_labels]),
        "labels-renamed",
    ),
    "labels shuffled": (lambda g: g.labelled(shuffled(g.data.test_labels)), "accuracy-of-chance"),
}
"""Name to what makes the fault, and the flag that is to name it."""
