"""Small networks to attack; none of them draws from the global random state."""

import torch
import torch.nn.functional as F
from torch import nn


class Linear(nn.Module):
    """Logits that are a linear function of the pixels: W x + b."""

    def __init__(self, weights, biases=0.0):
        super().__init__()
        self.weights = nn.Parameter(weights)
        self.biases = biases

    def forward(self, images):
        return images.flatten(1) @ self.weights.T + self.biases


def conv_net(classes, seed=3):
    """A small network with batch normalisation for 6x6 grey images, in eval mode."""
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, classes)
    )
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=source) / parameter[0].numel() ** 0.5)
        # All classes are equally likely at mid-grey, so that images fall into different ones.
        net[4].bias -= net.eval()(torch.full((1, 1, 6, 6), 0.5))[0]
    return net


def blobs(count, seed, classes=4):
    """Noisy copies of a random 6x6 pattern for each class: images (count, 1, 6, 6) in [0, 1], labels."""
    patterns = torch.rand((classes, 1, 6, 6), generator=torch.Generator().manual_seed(0))
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (count,), generator=source)
    noise = 0.25 * torch.randn((count, 1, 6, 6), generator=source)
    return (patterns[labels] + noise).clamp(0, 1), labels


def trained_net():
    """A network that knows the blobs."""
    images, labels = blobs(400, seed=1)
    net = conv_net(4).train()
    parameters = list(net.parameters())
    for _ in range(80):
        gradients = torch.autograd.grad(F.cross_entropy(net(images), labels), parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= 0.3 * gradient
    return net.eval()


class Recorder(nn.Module):
    """Passes images on to a model and keeps what it was shown."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.seen = []

    def forward(self, images):
        self.seen.append(images.detach().clone())
        return self.model(images)


class NearHalf(nn.Module):
    """Class 0 if every pixel is within ``margin`` of 1/2, else class 1."""

    def __init__(self, margin):
        super().__init__()
        self.margin = margin

    def forward(self, images):
        room = self.margin - (images - 0.5).abs().flatten(1).amax(1)
        return torch.stack([room, -room], 1)
