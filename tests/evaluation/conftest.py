import pytest
import torch
from torch import nn


class Linear(nn.Module):
    """Two classes: class 0 if the pixels, weighted, are above their weighted mid-grey."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, images):
        score = (images.flatten(1) - 0.5) @ self.weights
        return torch.stack([score, -score], 1)


@pytest.fixture
def linear():
    return Linear(torch.randn(16, generator=torch.Generator().manual_seed(1))).eval()


@pytest.fixture
def images():
    """Thirty 4x4 images well inside the value range."""
    return 0.3 + 0.4 * torch.rand((30, 1, 4, 4), generator=torch.Generator().manual_seed(2))


@pytest.fixture
def labels(linear, images):
    """Labels that the linear model predicts, but for the last five images."""
    found = linear(images).argmax(1)
    found[25:] = 1 - found[25:]
    return found


@pytest.fixture
def conv():
    """An untrained four-class network for 4x4 images, with batch normalisation."""
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 4)
    ).eval()
    source = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=source) / parameter[0].numel() ** 0.5)
        net[4].bias -= net(torch.full((1, 1, 4, 4), 0.5))[0]
    return net
