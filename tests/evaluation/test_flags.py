import pytest
import torch
from torch import nn

from rcnas_zoo.evaluation.flags import attack_flags, model_flags


def flags_of(model, images, labels):
    return list(model_flags(model, images, labels))


def test_a_plain_model_raises_no_flag(conv, images):
    assert flags_of(conv, images, conv(images).argmax(1)) == []


def test_outputs_that_are_probabilities_are_noticed(conv, images):
    (flag,) = flags_of(nn.Sequential(conv, nn.Softmax(1)), images, conv(images).argmax(1))
    assert flag.startswith("outputs-are-probabilities: every row of outputs is in [0, 1] and sums to 1")


@pytest.mark.parametrize("outputs", [[0.5, 0.6], [1.5, -0.5]])
def test_outputs_that_only_sum_to_one_or_only_lie_in_the_unit_interval_are_not(outputs):
    model = nn.Linear(4, 2)
    with torch.no_grad():
        model.weight.fill_(1e-9)
        model.bias.copy_(torch.tensor(outputs))
    assert flags_of(nn.Sequential(nn.Flatten(), model), torch.rand(3, 1, 2, 2), torch.zeros(3, dtype=torch.int64)) == []


def test_masked_gradients_are_counted(linear, images, labels):
    class Steep(nn.Module):
        def forward(self, images):
            return 1e6 * linear(images)

    # The loss of the 25 right images is zero to the last bit; the five wrong ones keep their gradient.
    (flag,) = flags_of(Steep(), images, labels)
    assert flag == "zero-gradients: 25 of 30 images have a loss gradient of zero or not a number"


def test_a_model_that_cannot_be_differentiated_is_noticed(conv, images):
    class Detached(nn.Module):
        def forward(self, images):
            return conv(images).detach()

    (flag,) = flags_of(Detached(), images, conv(images).argmax(1))
    assert flag.startswith("no-gradients: ")


def test_autoattack_above_a_weaker_attack_is_noticed():
    accuracies = {"pgd-20": 0.5, "autoattack": 0.6, "fgsm": 0.7, "cw-20": 0.6}
    assert list(attack_flags(accuracies, {})) == [
        "autoattack-above-pgd-20: 0.6000 under autoattack, 0.5000 under pgd-20"
    ]
    assert list(attack_flags({"pgd-20": 0.5, "fgsm": 0.7}, {})) == []


def test_a_substitute_is_told():
    assert list(attack_flags({}, {"autoattack": {"substitute": "too few"}})) == ["autoattack-substitute: too few"]
