import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.attacks.losses import LOSSES, dlr, negative_margin, targeted_dlr

LABELS = torch.arange(60) % 5


def logits(seed=0):
    return 3 * torch.randn((60, 5), generator=torch.Generator().manual_seed(seed)).double()


def rows(values):
    return zip(values.numpy(), LABELS.tolist(), strict=True)


def test_the_ratio_of_logit_differences_is_that_of_the_paper():
    values = logits()
    expected = [-(z[y] - np.delete(z, y).max()) / (np.sort(z)[-1] - np.sort(z)[-3]) for z, y in rows(values)]
    assert dlr(values, LABELS).tolist() == pytest.approx(expected)


def test_the_targeted_ratio_is_that_of_the_paper():
    values, targets = logits(), (LABELS + 2) % 5
    expected = [
        -(z[y] - z[(y + 2) % 5]) / (np.sort(z)[-1] - (np.sort(z)[-3] + np.sort(z)[-4]) / 2) for z, y in rows(values)
    ]
    assert targeted_dlr(values, LABELS, targets).tolist() == pytest.approx(expected)


@given(seed=st.integers(0, 1000), shift=st.floats(-100, 100), factor=st.floats(0.01, 100))
def test_neither_a_shift_nor_a_factor_changes_the_ratios(seed, shift, factor):
    values, targets = logits(seed), (LABELS + 1) % 5
    other = factor * values + shift
    assert torch.allclose(dlr(other, LABELS), dlr(values, LABELS), atol=1e-6)
    assert torch.allclose(targeted_dlr(other, LABELS, targets), targeted_dlr(values, LABELS, targets), atol=1e-6)


@given(seed=st.integers(0, 1000))
def test_margin_and_ratio_are_positive_exactly_where_the_network_is_wrong(seed):
    values = logits(seed)
    wrong = values.argmax(1) != LABELS
    assert torch.equal(negative_margin(values, LABELS) > 0, wrong)
    assert torch.equal(dlr(values, LABELS) > 0, wrong)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_grows_as_the_right_logit_falls(name):
    values = logits()
    lower = values.scatter_add(1, LABELS[:, None], torch.full((60, 1), -0.1).double())
    right = (values.argmax(1) == LABELS) & (lower.argmax(1) == LABELS)
    assert right.sum() > 5
    assert (LOSSES[name](lower, LABELS) > LOSSES[name](values, LABELS))[right].all()
