"""Networks with nothing wrong about them, trained differently on the digits, and what they are trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.face import load
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec

PIXELS = 64


class Normalised(nn.Module):
    """Subtracts a mean and divides by a deviation, as a first layer."""

    def __init__(self, mean: float, deviation: float) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.deviation


def mlp(width: int, inputs: int = PIXELS) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, 10))


def cnn(activation: Callable[[], nn.Module] = nn.ReLU, norm: bool = True, width: int = 12) -> nn.Sequential:
    def block(before: int, after: int, stride: int) -> list[nn.Module]:
        middle = [nn.BatchNorm2d(after)] if norm else []
        return [nn.Conv2d(before, after, 3, stride, padding=1), *middle, activation()]

    return nn.Sequential(*block(1, width, 1), *block(width, 2 * width, 2), nn.Flatten(), nn.Linear(2 * width * 16, 10))


@dataclass(frozen=True)
class Training:
    """A few epochs of SGD with momentum and a falling rate, on images moved by PGD if there are ``attack_steps``."""

    epochs: int
    rate: float = 0.05
    attack_steps: int = 0
    radius: float = 0.2
    decay: float = 1e-4
    seed: int = 0


def fresh(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return make()


def trained(model: nn.Module, images: Tensor, labels: Tensor, how: Training) -> nn.Module:
    model.train()
    source = torch.Generator().manual_seed(how.seed)
    weights = list(model.parameters())
    speeds = [torch.zeros_like(weight) for weight in weights]
    for epoch in range(how.epochs):
        rate = how.rate * (1 - epoch / how.epochs)
        for chosen in torch.randperm(len(images), generator=source).split(64):
            points = attacked(model, images[chosen], labels[chosen], how, source)
            loss = F.cross_entropy(model(points), labels[chosen])
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, speed, gradient in zip(weights, speeds, gradients, strict=True):
                    speed.mul_(0.9).add_(gradient + how.decay * weight)
                    weight.sub_(rate * speed)
    return model.eval().requires_grad_(False)


def attacked(model: nn.Module, images: Tensor, labels: Tensor, how: Training, source: torch.Generator) -> Tensor:
    if not how.attack_steps:
        return images
    points = images + (2 * torch.rand(images.shape, generator=source) - 1) * how.radius
    for _ in range(how.attack_steps):
        points = points.detach().requires_grad_()
        gradient = torch.autograd.grad(F.cross_entropy(model(points), labels), points)[0]
        points = points.detach() + 1.25 * how.radius / how.attack_steps * gradient.sign()
        points = points.clamp(images - how.radius, images + how.radius).clamp(0, 1)
    return points.detach()


@dataclass(frozen=True)
class Digits:
    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    @classmethod
    def read(cls) -> "Digits":
        data = load_dataset("digits")
        test = data.test()
        parts = (data.train.images / 16, data.train.labels, test.images / 16, test.labels)
        return cls(*parts)


def sound_networks(data: Digits) -> dict[str, nn.Module]:
    def train(make: Callable[[], nn.Module], **how: float) -> nn.Module:
        settings = Training(**how)
        return trained(fresh(make, settings.seed), data.images, data.labels, settings)

    mean, deviation = float(data.images.mean()), float(data.images.std())
    return {
        "linear": train(lambda: nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 10)), epochs=15),
        "confident mlp": train(lambda: mlp(128), epochs=60, rate=0.2, decay=0.0),
        "robust mlp": train(lambda: mlp(256), epochs=12, attack_steps=1, radius=0.1),
        "pooling mlp": train(lambda: nn.Sequential(nn.MaxPool2d(2), mlp(64, PIXELS // 4)), epochs=20),
        "cnn": train(cnn, epochs=6),
        "another cnn": train(lambda: cnn(nn.SiLU, norm=False, width=16), epochs=10, seed=1),
        "cnn of log-probabilities": train(lambda: nn.Sequential(*cnn(nn.Tanh), nn.LogSoftmax(1)), epochs=5, seed=2),
        "normalised cnn": train(lambda: nn.Sequential(Normalised(mean, deviation), *cnn()), epochs=6, seed=3),
        "robust cnn": train(lambda: cnn(width=16), epochs=8, attack_steps=3, seed=4),
        "wrn-10-1": train(lambda: build(named_spec("wrn-10-1", InputSpec((1, 8, 8))), 5), epochs=3, attack_steps=1),
        "robust-2m": load("robust-2m", "cpu").requires_grad_(False),
    }
