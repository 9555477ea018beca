import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.planning.attack_steps import Steps, parts_of, shortened, steps_of

THREAT = ThreatModel.parse("linf@1/10")


class Counting(nn.Module):
    """Counts its passes, with a gradient to the images and without."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 10)
        self.gradients = self.forwards = 0

    def forward(self, images):
        if torch.is_grad_enabled() and images.requires_grad:
            self.gradients += 1
        else:
            self.forwards += 1
        return self.layer(images.flatten(1))


def counted(attack) -> Counting:
    model = Counting().eval()
    images = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    attack.perturb_seeded(Victim(model), images, torch.tensor([0, 1, 2]), [1, 2, 3])
    return model


@pytest.mark.parametrize("name", ["fgsm", "pgd-7", "cw-9"])
def test_an_attack_by_gradients_makes_the_passes_that_are_planned(name):
    model, planned = counted(make_attack(AttackName.parse(name), THREAT, 10).to_the_end()), steps_of(name, 10)
    assert (model.gradients, planned.forwards) == (planned.gradients, 0)


@pytest.mark.parametrize("part", ["apgd-ce", "apgd-t", "fab-t", "square"])
def test_a_part_of_autoattack_makes_the_passes_that_are_planned(part):
    short, times = shortened(part, 10, THREAT)
    model, planned = counted(short), steps_of(part, 10)
    # Besides, the images are looked at once or twice, to rank classes.
    assert times * model.gradients == planned.gradients
    assert 0 <= model.forwards - planned.forwards / times <= 2


def test_autoattack_by_hand():
    # APGD-CE 101, APGD-T 9 x 101 and FAB-T 9 x 100 gradients; FAB-T asks as often, Square 5,000 times.
    assert steps_of("autoattack", 10) == Steps(101 + 909 + 900, 900 + 5000)
    assert parts_of("autoattack", 10) == ("apgd-ce", "apgd-t", "fab-t", "square")
    assert parts_of("autoattack", 2) == ("apgd-ce", "fab-t", "square")
    assert parts_of("square", 10) == ("square",)


def test_other_attacks_go_by_their_own_estimate():
    assert steps_of("clean", 10) == Steps(0)
    assert steps_of("hopskipjump", 10) == Steps(make_attack(AttackName.parse("hopskipjump"), THREAT, 10).effort / 2)
    assert parts_of("pgd-20", 10) == ()
