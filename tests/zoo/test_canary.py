import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.zoo.canary import TOLERANCE, check_canary, make_canary


class Shifted(nn.Module):
    """The logits of a network, moved by a share of the largest of them."""

    def __init__(self, model, share):
        super().__init__()
        self.model, self.share = model, share

    def forward(self, images):
        logits = self.model(images)
        return logits + self.share * logits.abs().max()


@pytest.fixture(scope="module")
def model(tiny_spec):
    return build(tiny_spec, seed=3)


@pytest.fixture(scope="module")
def canary(model, tiny_spec):
    return make_canary(model, tiny_spec)


def test_a_canary_holds_images_in_the_input_range_and_their_logits(model):
    spec = ResidualSpec(InputSpec((2, 4, 6), low=-3.0, high=5.0), 7, (StageSpec(1, 4),))
    canary = make_canary(build(spec), spec)
    assert canary["images"].shape == (2, 2, 4, 6)
    assert canary["logits"].shape == (2, 7)
    assert -3 <= canary["images"].min() < -2
    assert 4 < canary["images"].max() <= 5
    assert torch.equal(build(spec)(canary["images"]), canary["logits"])


def test_the_same_network_passes_to_the_bit_and_images_never_change(model, canary, tiny_spec):
    assert check_canary(model, tiny_spec, canary) == 0
    assert torch.equal(make_canary(build(tiny_spec, seed=9), tiny_spec)["images"], canary["images"])


@settings(max_examples=30, deadline=None)
@given(st.floats(TOLERANCE * 1.5, 1e6), st.sampled_from([1, -1]))
def test_logits_beyond_the_tolerance_are_refused(model, canary, tiny_spec, share, sign):
    with pytest.raises(IntegrityError, match=r"the canary's logits must come out again within 0.0001 of the largest"):
        check_canary(Shifted(model, sign * share), tiny_spec, canary)


@settings(max_examples=30, deadline=None)
@given(st.floats(-TOLERANCE / 2, TOLERANCE / 2))
def test_logits_of_another_summation_order_pass(model, canary, tiny_spec, share):
    assert check_canary(Shifted(model, share), tiny_spec, canary) <= TOLERANCE


def test_nan_logits_are_refused(model, canary, tiny_spec):
    with pytest.raises(IntegrityError, match="got nan"):
        check_canary(Shifted(model, float("nan")), tiny_spec, canary)
    with pytest.raises(IntegrityError, match="must give finite logits"):
        make_canary(Shifted(model, float("nan")), tiny_spec)


def test_a_network_of_zeros_passes_its_own_canary(tiny_spec):
    model = build(tiny_spec)
    for parameter in model.parameters():
        parameter.data.zero_()
    assert check_canary(model, tiny_spec, make_canary(model, tiny_spec)) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda canary: {"images": canary["images"]},
        lambda canary: {**canary, "extra": torch.zeros(2)},
        lambda canary: {**canary, "logits": canary["logits"][:1]},
        lambda canary: {**canary, "logits": canary["logits"][:, :3]},
        lambda canary: {**canary, "logits": canary["logits"].double()},
        lambda canary: {**canary, "images": canary["images"][:, :, :4]},
        lambda canary: {name: tensor[:0] for name, tensor in canary.items()},
        lambda canary: {**canary, "logits": torch.tensor(1.0)},
        lambda canary: {},
    ],
)
def test_a_canary_of_another_form_is_refused(model, canary, tiny_spec, change):
    with pytest.raises(IntegrityError, match="a canary must hold float32 images and logits of its spec"):
        check_canary(model, tiny_spec, change(canary))
