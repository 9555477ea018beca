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
        model.weight.copy_(torch.tensor([[0.0], [1e-2]]).expand(2, 4))
        model.bias.copy_(torch.tensor(outputs))
    right = torch.full((3,), outputs.index(max(outputs)))
    assert flags_of(nn.Sequential(nn.Flatten(), model), torch.rand(3, 1, 2, 2), right) == []


class Changed(nn.Module):
    """Logits with something done to them."""

    def __init__(self, model, change):
        super().__init__()
        self.model, self.change = model, change

    def forward(self, images):
        return self.change(self.model(images))


def test_a_saturated_loss_is_counted_among_the_images_that_are_right(linear, images, labels):
    (flag,) = flags_of(Changed(linear, lambda z: 1e6 * z), images, labels)
    assert flag.startswith("saturated-loss: 25 of 25 images have a cross-entropy whose gradient is zero in float32")


@pytest.mark.parametrize("factor", [1e-30, 1.0])
def test_the_scale_of_logits_alone_is_no_fault(factor, conv, images):
    assert flags_of(Changed(conv, lambda z: factor * z), images, conv(images).argmax(1)) == []


def test_a_confident_network_is_not_saturated(linear, images):
    labels, margins = linear(images).argmax(1), (2 * linear(images)[:, 0]).abs()
    sure = images[margins > margins.median()]
    logits = Changed(linear, lambda z: 18 * z / margins.median())
    assert (logits(sure).softmax(1).amax(1) == 1).all()
    assert flags_of(logits, sure, labels[margins > margins.median()]) == []


def test_gradients_of_zero_are_counted_among_the_images_that_are_right(linear, images, labels):
    (flag,) = flags_of(Changed(linear, lambda z: torch.round(20 * z)), images, labels)
    assert flag == "zero-gradients: 25 of 25 images have a margin whose gradient is zero or next to it"


@pytest.mark.parametrize(("trace", "flagged"), [(0.0, True), (1e-4, True), (0.1, False)])
def test_a_slope_is_next_to_zero_where_it_leads_to_the_boundary_beyond_a_hundred_ranges(trace, flagged):
    class Tilted(nn.Module):
        def forward(self, images):
            shade = images.flatten(1).mean(1)
            return torch.stack([1 + trace * shade, trace * shade * 0], 1)

    # The margin is 1 and the sum of its slopes is the trace: 1 / trace value ranges.
    found = flags_of(Tilted(), torch.rand(5, 1, 4, 4), torch.zeros(5, dtype=torch.int64))
    assert [flag.split(":")[0] for flag in found if flag.startswith("zero")] == ["zero-gradients"] * flagged


def test_one_image_without_a_slope_among_many_is_no_fault(linear, images):
    def flat(z, count):
        return torch.cat([z[:count].detach(), z[count:]])

    many = torch.cat([images, images])
    labels = linear(many).argmax(1)
    assert flags_of(Changed(linear, lambda z: flat(z, 1)), many, labels) == []
    (flag,) = flags_of(Changed(linear, lambda z: flat(z, 2)), many, labels)
    assert flag.startswith("zero-gradients: 2 of 60 images")


def test_a_gradient_that_is_not_a_number_is_noticed(linear, images, labels):
    spoiled = images.clone()
    spoiled[3, 0, 0, 0] = 0.0
    rooted = nn.Sequential(Changed(nn.Identity(), lambda x: (x**2).sqrt()), linear)
    labels = torch.cat([linear(spoiled[:25]).argmax(1), labels[25:]])
    (flag,) = flags_of(rooted, spoiled, labels)
    assert flag == "invalid-gradients: 1 of 25 images have a gradient with NaN or infinity"


def test_images_in_a_corner_of_the_range_are_noticed(linear, images):
    small = images / 255
    (flag,) = flags_of(linear, small, linear(small).argmax(1))
    assert flag.startswith(f"narrow-images: all values lie between {float(small.min()):g} and {float(small.max()):g}, ")
    assert list(model_flags(linear, small, linear(small).argmax(1), 0.0, 1 / 255)) == []


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
