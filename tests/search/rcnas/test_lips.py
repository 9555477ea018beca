import math

import numpy as np
import pytest
import torch
from torch import nn

from rcnas_zoo.search.rcnas.features import LIPS_FEATURES
from rcnas_zoo.search.rcnas.lips import lips_statistics, lipschitz_ratios


class Sum(nn.Module):
    """Logits (s, -3 s) of the sum s of an image: a change of s by d changes them by 4 d in L1."""

    def forward(self, images):
        total = images.flatten(1).sum(1)
        return torch.stack([total, -3 * total], dim=1)


def test_the_ratio_of_a_linear_model_is_known_in_closed_form():
    clean = torch.zeros(2, 1, 2, 2)
    attacked = clean.clone()
    attacked[0] += 0.1
    attacked[1, 0, 0, 0] = 0.5
    ratios = lipschitz_ratios(Sum(), clean, attacked)
    # All four pixels moved: |ds| = 0.4, largest move 0.1; one pixel moved: |ds| = 0.5, largest move 0.5.
    torch.testing.assert_close(ratios, torch.tensor([16.0, 4.0]), rtol=1e-4, atol=0.0)


def test_an_image_that_was_not_attacked_counts_as_zero():
    images = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert lipschitz_ratios(Sum(), images, images).tolist() == [0.0] * 5
    assert lips_statistics(Sum(), images, images) == (0.0,) * LIPS_FEATURES


def test_batches_do_not_change_the_ratios():
    generator = torch.Generator().manual_seed(0)
    clean, attacked = torch.rand(2, 7, 1, 4, 4, generator=generator)
    whole = lipschitz_ratios(Sum(), clean, attacked)
    torch.testing.assert_close(lipschitz_ratios(Sum(), clean, attacked, batch_size=3), whole)


def test_the_statistics_are_those_of_numpy():
    generator = torch.Generator().manual_seed(1)
    clean, attacked = torch.rand(2, 50, 1, 4, 4, generator=generator)
    ratios = lipschitz_ratios(Sum(), clean, attacked).double().numpy()
    expected = [ratios.mean(), ratios.std(), *np.percentile(ratios, [5, 25, 50, 75, 95])]
    assert lips_statistics(Sum(), clean, attacked) == pytest.approx([math.log1p(value) for value in expected])


def test_the_model_runs_in_eval_mode_and_is_left_as_it_was():
    model = nn.Sequential(nn.BatchNorm2d(1), Sum())
    images = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    lipschitz_ratios(model, images, images * 0.5)
    assert model.training
    assert model[0].training
    assert int(model[0].num_batches_tracked) == 0
