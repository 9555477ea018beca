"""Entries of pruned networks: their zeros are as fixed as their other bytes."""

import pytest
import torch
from safetensors.torch import save_file

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.networks.masks import kept_weights
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.pruned import KeptChannels, PrunedSpec
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.listing import Listing
from rcnas_zoo.zoo.loading import load_model, read_tensors
from rcnas_zoo.zoo.show import describe
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry

LAYERS = ("stem", "stages.1.0.conv1")


@pytest.fixture
def pruned(tiny_spec):
    """A spec whose single weights were pruned, and its state."""
    state = build(tiny_spec, seed=3).state_dict()
    generator = torch.Generator().manual_seed(0)
    for name in LAYERS:
        weight = state[f"{name}.weight"]
        weight[torch.rand(weight.shape, generator=generator) < 0.6] = 0
    return PrunedSpec.of(tiny_spec, kept_weights(state, LAYERS)), state


@pytest.fixture
def folder(tmp_path, pruned, tiny_record):
    return write_entry(tmp_path / "tiny", pruned[0], tiny_record, pruned[1]).folder


def other_zeros(state):
    """The same number of zeros in the same layer, elsewhere."""
    return {**state, "stem.weight": state["stem.weight"].flip(0)}


def test_it_loads_and_tells_both_costs(folder, pruned):
    spec, state = pruned
    model = load_model(folder)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert model.spec == spec
    found, nominal = describe(read_entry(folder)), nominal_cost(spec)
    zeros = sum(int((state[f"{name}.weight"] == 0).sum()) for name in LAYERS)
    assert found["parameters"] == nominal.parameters - zeros
    assert (found["nominal_parameters"], found["nominal_macs"]) == (nominal.parameters, nominal.macs)
    assert found["macs"] < nominal.macs
    row = Listing.of(read_entry(folder).record, "registry")
    assert (row.macs, row.nominal_macs) == (found["macs"], nominal.macs)
    card = (folder / "card.md").read_text()
    assert f"{found['macs']:,} effective, {nominal.macs:,} nominal" in card


def test_weights_with_other_zeros_are_not_written(tmp_path, pruned, tiny_record):
    spec, state = pruned
    with pytest.raises(IntegrityError, match="must match the mask"):
        write_entry(tmp_path / "tiny", spec, tiny_record, other_zeros(state))
    assert not (tmp_path / "tiny").exists()


def test_weights_with_other_zeros_are_not_loaded_even_where_every_hash_fits(folder, pruned, reseal):
    save_file(other_zeros(pruned[1]), folder / "weights.safetensors")
    reseal(folder)
    with pytest.raises(IntegrityError, match="must match the mask"):
        load_model(folder)
    failed = {check.name: check.detail for check in verify(folder).checks if not check.passed}
    assert "must match the mask" in failed["fitting weights"]


@pytest.mark.parametrize("changes", [{"nominal_macs": 1}, {"nominal_parameters": 0}, {"macs": 5}])
def test_a_record_must_state_both_costs(folder, reseal, changes):
    reseal(folder, **changes)
    with pytest.raises(IntegrityError, match="must state the cost"):
        read_entry(folder)


def test_a_network_with_fewer_channels_has_smaller_tensors_and_one_cost(tmp_path, tiny_spec, tiny_record):
    spec = PrunedSpec.of(tiny_spec, KeptChannels((("stem", 2), ("stages.1.1.conv1", 3))))
    folder = write_entry(tmp_path / "tiny", spec, tiny_record, build(spec, seed=1).state_dict()).folder
    assert read_tensors(folder / "weights.safetensors")["stages.1.1.conv2.weight"].shape[1] == 3
    record = read_entry(folder).record
    assert (record.nominal_macs, record.nominal_parameters) == (0, 0)
    assert "nominal" not in (folder / "record.json").read_text()
    assert load_model(folder).spec == spec
    assert "Of this a part was kept, by channels" in (folder / "card.md").read_text()
