"""The descent against torch.optim.SGD, and the reason why it is not that."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.sgd import Sgd

RATES = [0.1, 0.2, 0.05, 0.05]
TRAINING_IN_A_FRESH_PROCESS = """
import sys
from pathlib import Path
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train
from tests.training.problems import EVERYTHING, fragile_and_robust, small_network
images, recipe = fragile_and_robust(64), EVERYTHING.with_changes(epochs=2, precision="bfloat16")
host = Host(checkpoints=Checkpoints(Path(sys.argv[1]), every_seconds=0))
train(small_network(), images, images, recipe, seed=0, host=host, floors={1: 0.0})
sys.exit("torch._dynamo" in sys.modules)
"""


def quartic(model, scale):
    return scale * sum((parameter**4).sum() + parameter.sum() for parameter in model.parameters())


def step(descent, loss, rate):
    descent.descend(descent.gradients(loss), rate)


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("clip", [0.0, 1.0, 1e6])
def test_four_steps_equal_those_of_torch(linear, momentum, nesterov, clip):
    recipe = TrainingRecipe(momentum=momentum, nesterov=nesterov, weight_decay=0.01, gradient_clip=clip)
    start = [parameter.detach().clone() for parameter in linear.parameters()]
    descent = Sgd.of(linear, recipe)
    for rate in RATES:
        step(descent, quartic(linear, 0.1), rate)
    found = [parameter.detach().clone() for parameter in linear.parameters()]

    with torch.no_grad():
        for parameter, value in zip(linear.parameters(), start, strict=True):
            parameter.copy_(value)
    peer = torch.optim.SGD(linear.parameters(), lr=1, momentum=momentum, nesterov=nesterov, weight_decay=0.01)
    for rate in RATES:
        peer.param_groups[0]["lr"] = rate
        peer.zero_grad()
        quartic(linear, 0.1).backward()
        if clip:
            nn.utils.clip_grad_norm_(linear.parameters(), clip)
        peer.step()
    for one, other, before in zip(found, linear.parameters(), start, strict=True):
        assert torch.allclose(one, other)
        assert not torch.allclose(one, before, atol=1e-3)


def test_frozen_parameters_stay_and_no_gradient_is_left_behind(linear):
    linear[1].weight.requires_grad_(False)
    weight, bias = (parameter.detach().clone() for parameter in linear.parameters())
    step(Sgd.of(linear, TrainingRecipe()), quartic(linear, 1.0), 0.1)
    assert torch.equal(linear[1].weight, weight)
    assert not torch.equal(linear[1].bias, bias)
    assert linear[1].bias.grad is None


def test_a_parameter_that_the_loss_does_not_use_only_decays(linear):
    recipe = TrainingRecipe(weight_decay=0.5, momentum=0.0)
    weight = linear[1].weight.detach().clone()
    step(Sgd.of(linear, recipe), linear[1].bias.sum(), 0.1)
    assert torch.allclose(linear[1].weight, 0.95 * weight)


def test_a_training_with_everything_on_does_not_load_the_compiler_of_torch(tmp_path):
    command = [sys.executable, "-c", TRAINING_IN_A_FRESH_PROCESS, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
