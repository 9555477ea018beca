"""Small data and networks with known answers."""

import os

import pytest
import torch
from torch import nn

from .problems import fragile_and_robust


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


@pytest.fixture(name="fragile_and_robust")
def _fragile_and_robust():
    return fragile_and_robust


@pytest.fixture
def splits():
    """Images to train on and others to evaluate on."""
    return fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)


@pytest.fixture
def read_only():
    """Makes a folder read-only until the end of the test, which is left out where that stops nobody."""
    locked = []

    def lock(folder):
        folder.chmod(0o500)
        locked.append(folder)
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")

    yield lock
    for folder in locked:
        folder.chmod(0o700)
