from hashlib import sha256

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.masks import check_mask, kept_weights
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.pruned import KeptChannels, PrunedSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .specs import DIGITS

BASE = ResidualSpec(DIGITS, 10, (StageSpec(1, 4),), stem_width=4)


def bits_in_bytes(bits):
    """Eight a byte from the highest, in plain Python."""
    padded = bits + [0] * (-len(bits) % 8)
    return bytes(int("".join(map(str, padded[i : i + 8])), 2) for i in range(0, len(padded), 8))


@given(st.lists(st.lists(st.sampled_from([0, 1]), min_size=6, max_size=6), min_size=1, max_size=3))
def test_the_hash_is_that_of_the_packed_bits(masks):
    state = {f"layer{place}.weight": 2.5 * torch.tensor(mask).view(2, 3) for place, mask in enumerate(masks)}
    kept = kept_weights(state, [f"layer{place}" for place in reversed(range(len(masks)))])
    assert kept.mask == sha256(b"".join(map(bits_in_bytes, masks))).hexdigest()
    assert [number for _, number in kept.layers] == [sum(mask) for mask in masks]


def test_the_order_in_memory_does_not_count():
    weight = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0)).relu()
    turned = weight.to(memory_format=torch.channels_last)
    assert kept_weights({"a.weight": weight}, ["a"]) == kept_weights({"a.weight": turned}, ["a"])


@pytest.fixture
def pruned():
    state = build(BASE).state_dict()
    state["stem.weight"][:2] = 0
    return PrunedSpec.of(BASE, kept_weights(state, ["stem"])), state


def test_the_zeros_that_the_spec_tells_of_are_right(pruned):
    check_mask(*pruned)


def test_one_zero_more_is_refused(pruned):
    spec, state = pruned
    state["stem.weight"][3, 0, 0, 0] = 0
    with pytest.raises(IntegrityError, match="18 that are not zero in layer 'stem', got 17"):
        check_mask(spec, state)


def test_as_many_zeros_elsewhere_are_refused(pruned):
    spec, state = pruned
    state["stem.weight"] = state["stem.weight"].flip(0)
    with pytest.raises(IntegrityError, match="must match the mask"):
        check_mask(spec, state)


def test_other_networks_may_have_any_zeros(pruned):
    _, state = pruned
    check_mask(BASE, state)
    check_mask(PrunedSpec.of(BASE, KeptChannels((("stem", 2),))), state)
