"""Small data and networks with known answers."""

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.fixture
def linear():
    """Two classes, 2x2 grey images; the logits are a linear function of the pixels."""
    layer = nn.Linear(4, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0, 0.5, 0.0], [-1.0, 1.0, 0.25, 1.0]]))
        layer.bias.copy_(torch.tensor([0.1, -0.2]))
    return nn.Sequential(nn.Flatten(), layer)


@pytest.fixture
def convolutional():
    """A small network with batch normalisation for 8x8 grey images of three classes, with fixed weights."""
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    source = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.empty_like(parameter).normal_(0, 0.5, generator=source))
    return network


@pytest.fixture
def batch():
    """Images (16, 1, 8, 8) in [0, 1] and labels of three classes."""
    source = torch.Generator().manual_seed(3)
    return torch.rand(16, 1, 8, 8, generator=source), torch.randint(3, (16,), generator=source)


@pytest.fixture
def fragile_and_robust():
    """Makes images whose class shows in one strong pixel (right in four of five) and in fifteen weak ones (all right).

    Under Linf 0.1 the weak pixels can be turned over and the strong one cannot, so a clean training leans on what an
    attacker controls. All values are far from 0 and 255, so that clipping never binds.
    """

    def make(count, seed=0):
        source = torch.Generator().manual_seed(seed)
        labels = torch.randint(2, (count,), generator=source)
        sign = (2 * labels - 1).float()
        strong = torch.where(torch.rand(count, generator=source) < 0.8, sign, -sign)
        pixels = 128 + 20 * sign[:, None] + 4 * torch.randn(count, 16, generator=source)
        pixels[:, 0] = 128 + 64 * strong
        return Images(pixels.clamp(60, 195).to(torch.uint8).view(count, 1, 4, 4), labels)

    return make
