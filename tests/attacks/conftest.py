import pytest
import torch

from rcnas_zoo.attacks import autoattack, hopskipjump
from rcnas_zoo.attacks.adaptive_auto import AdaptiveAuto
from rcnas_zoo.attacks.adaptive_plan import Plan, Round
from rcnas_zoo.attacks.attack_search import AttackSearch
from rcnas_zoo.attacks.attack_trials import SearchEffort

from .victims import blobs, conv_net, trained_net


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(11)


@pytest.fixture
def quick_autoattack(monkeypatch):
    """Attacks with few steps and queries, for tests in which their strength does not matter."""
    effort = autoattack.Effort(steps=10, queries=30)
    for maker in (autoattack.standard, autoattack.randomised, autoattack.make_part):
        monkeypatch.setattr(maker, "__defaults__", (effort,))
    few = hopskipjump.Effort(iterations=4, initial_evaluations=30)
    monkeypatch.setattr(hopskipjump.HopSkipJump.__init__, "__defaults__", (few,))
    plan = Plan(
        (Round(1, 0, 2), Round(1, 2, 3, lean="free")), (Round(0.7, 2, 4),), (Round(1, 3, 3),), 1, more_restarts=1
    )
    monkeypatch.setattr(AdaptiveAuto.__init__, "__defaults__", (plan,))
    monkeypatch.setattr(AttackSearch.__init__, "__defaults__", (SearchEffort(2, trials=5, images=4, passes=30),))


@pytest.fixture
def net():
    return conv_net(4)


@pytest.fixture
def batch(net):
    """Twelve images that the network classifies rightly, but for the first two."""
    images = torch.rand((12, 1, 6, 6), generator=torch.Generator().manual_seed(5))
    labels = net(images).argmax(1)
    labels[:2] = (labels[:2] + 1) % 4
    return images, labels


@pytest.fixture(scope="session")
def trained():
    """A network trained on blobs, with 200 fresh images of them."""
    return trained_net(), *blobs(200, seed=2)
