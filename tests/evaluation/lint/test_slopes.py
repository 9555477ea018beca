import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.lint.slopes import slope_flags


def flags_of(model, images):
    with untouched(model):
        examples = check_inputs(model, images, model(images).argmax(1))
        return list(slope_flags(model, examples, torch.Generator().manual_seed(0)))


class Before(nn.Module):
    def __init__(self, change, network):
        super().__init__()
        self.change, self.network = change, network

    def forward(self, images):
        return self.network(self.change(images))


def leaking(share):
    """The images, of whose gradient only a share comes through."""
    return lambda images: share * images + (1 - share) * images.detach()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_plain_model_keeps_its_word(scale, conv, images):
    assert flags_of(Before(lambda x: x, conv), images) == []
    assert flags_of(nn.Sequential(conv, Before(lambda z: scale * z, nn.Identity())), images) == []


def test_images_at_the_ends_of_the_range_that_the_model_clips_are_no_fault(conv, images):
    black_and_white = (images > 0.5).float()
    assert flags_of(Before(lambda x: x.clamp(0, 1), conv), black_and_white) == []


def test_the_greatest_of_equal_pixels_is_no_fault(conv, images):
    equal = (2 * images).round() / 2
    pooled = Before(lambda x: nn.functional.max_pool2d(x, 2).repeat_interleave(2, 2).repeat_interleave(2, 3), conv)
    assert flags_of(pooled, equal) == []


@pytest.mark.parametrize(("share", "flagged"), [(1.0, False), (0.5, False), (0.2, True), (0.0, True), (3.0, True)])
def test_a_linear_model_whose_gradient_has_another_length_is_wrong_by_the_square(share, flagged, linear, images):
    # Of a linear model the error is (1 - share)^2 of what is seen, and more than half of it is too much.
    flags = flags_of(Before(leaking(share), linear), images)
    assert [flag.split(":")[0] for flag in flags] == ["gradients-mislead"] * flagged


@pytest.mark.parametrize(("levels", "flagged"), [(8, True), (255, False)])
def test_coarse_rounding_behind_a_gradient_that_ignores_it_is_noticed(levels, flagged, conv, images):
    def rounded(images):
        return images + (torch.round(images * levels) / levels - images).detach()

    assert [flag.split(":")[0] for flag in flags_of(Before(rounded, conv), images)] == ["gradients-mislead"] * flagged


def test_few_images_of_many_are_no_fault(linear, images):
    def half_blind(count):
        return lambda x: torch.cat([x[:count].detach(), x[count:]])

    assert flags_of(Before(half_blind(6), linear), images) == []
    (flag,) = flags_of(Before(half_blind(7), linear), images)
    assert flag.startswith("gradients-mislead: of 7 of 30 images")
