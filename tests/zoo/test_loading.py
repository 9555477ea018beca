import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.loading import fitted_model, load_model, read_tensors

WEIGHTS = "weights.safetensors"


@pytest.fixture
def change(entry_folder, reseal):
    """Stores a changed state in the entry, with hashes that fit."""

    def apply(function):
        state = load_file(entry_folder / WEIGHTS)
        save_file(function(state) or state, entry_folder / WEIGHTS)
        reseal(entry_folder)
        return entry_folder

    return apply


def matrix(state):
    """The name of the first tensor with more than one dimension."""
    return next(name for name, tensor in state.items() if tensor.ndim > 1)


def test_a_loaded_network_is_the_stored_one_in_eval_mode(entry_folder, tiny_spec):
    model = load_model(entry_folder)
    expected = build(tiny_spec, seed=3)
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(images), expected(images))
    assert not any(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert model.spec == tiny_spec


def test_a_folder_its_text_and_an_entry_load_alike(entry_folder):
    images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    outputs = [load_model(given)(images) for given in (entry_folder, str(entry_folder), read_entry(entry_folder))]
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[0], outputs[2])


def test_loading_leaves_threads_and_random_state_alone(entry_folder):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    load_model(entry_folder)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_loading_inside_autocast_is_still_checked_in_float32(entry_folder):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert load_model(entry_folder).spec.classes == 10


def test_an_unknown_device_is_refused(entry_folder):
    with pytest.raises(InvalidInput, match="a device must be one of auto, cpu, cuda"):
        load_model(entry_folder, "gpu")


def test_files_are_hashed_again_although_an_entry_was_read_before(entry_folder):
    entry = read_entry(entry_folder)
    content = bytearray((entry_folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (entry_folder / WEIGHTS).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"weights\.safetensors must match its sha256"):
        load_model(entry)


def test_an_architecture_alone_says_how_to_get_weights(architecture_folder):
    with pytest.raises(NotFound, match=r"bare must have weights to be loaded, .*; train it with: rcnas-zoo train bare"):
        load_model(architecture_folder)


@pytest.mark.parametrize(("value", "word"), [(float("nan"), "NaN"), (float("inf"), "infinity")])
def test_stored_weights_that_are_not_finite_are_refused(change, value, word):
    def spoil(state):
        state[matrix(state)].view(-1)[0] = value

    with pytest.raises(IntegrityError, match=f"these weights hold {word} in tensor '"):
        load_model(change(spoil))


def test_the_first_missing_tensor_is_named(change, tiny_spec):
    name = matrix(build(tiny_spec).state_dict())
    folder = change(lambda state: {**{k: v for k, v in state.items() if k != name}, "spare": torch.zeros(10_000)})
    with pytest.raises(IntegrityError, match=f"weights must fit their spec: tensor '{name}' is missing"):
        load_model(folder)


def test_an_unexpected_tensor_is_named(change):
    with pytest.raises(IntegrityError, match="weights must fit their spec: tensor 'extra' is unexpected"):
        load_model(change(lambda state: {**state, "extra": torch.zeros(3)}))


def test_a_tensor_of_another_shape_is_named_with_both_shapes(change, tiny_spec):
    name = matrix(build(tiny_spec).state_dict())
    shape = tuple(build(tiny_spec).state_dict()[name].shape)
    folder = change(lambda state: {**state, name: state[name].flatten()})
    with pytest.raises(IntegrityError) as caught:
        load_model(folder)
    flat = torch.Size(shape).numel()
    assert (
        str(caught.value)
        == f"weights must fit their spec: tensor {name!r} must be {shape} float32, got ({flat},) float32"
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_a_tensor_of_another_type_is_refused(change, dtype):
    with pytest.raises(IntegrityError, match=f"float32, got .* {str(dtype).removeprefix('torch.')}"):
        load_model(change(lambda state: {**state, matrix(state): state[matrix(state)].to(dtype)}))


def test_other_weights_of_the_same_shape_fall_to_the_canary(change, tiny_spec):
    with pytest.raises(IntegrityError, match=r"the canary's logits must come out again within 0.0001 of the largest"):
        load_model(change(lambda state: build(tiny_spec, seed=4).state_dict()))


def test_a_spec_too_large_for_its_weights_is_refused_before_it_is_built(tiny_spec):
    huge = replace(tiny_spec, stages=(replace(tiny_spec.stages[0], depth=1000, width=16384),))
    with pytest.raises(IntegrityError, match=r"weights must hold the \d{13} parameters of their spec, got 3 numbers"):
        fitted_model(huge, {"x": torch.zeros(3)})


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"\xff" * 100, b"\x02\0\0\0\0\0\0\0{}"[:9]])
def test_a_file_that_is_no_safetensors_is_damage(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"x\.safetensors must be a whole safetensors file"):
        read_tensors(tmp_path / "x.safetensors")


def test_a_missing_tensor_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"x\.safetensors must be in"):
        read_tensors(tmp_path / "x.safetensors")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_forged_tensor_files_with_right_hashes_load_or_are_refused_but_never_crash(entry_files, reseal, data):
    name = data.draw(st.sampled_from([WEIGHTS, "canary.safetensors"]))
    changed = bytearray(entry_files[name])
    header = 8 + int.from_bytes(changed[:8], "little")
    place = data.draw(st.integers(0, 7) | st.integers(8, header - 1) | st.integers(header, len(changed) - 1))
    changed[place] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        for other, content in {**entry_files, name: bytes(changed)}.items():
            (Path(folder) / other).write_bytes(content)
        reseal(Path(folder))
        try:
            model = load_model(folder)
        except IntegrityError:
            return
        images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
        assert model(images).isfinite().all()
