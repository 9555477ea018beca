"""Entries whose weights are stored in float16: what they hold is what was measured, and nothing else."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file as load_numpy
from safetensors.torch import load_file, save_file

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.record import FLOAT16, FLOAT32
from rcnas_zoo.workflows.publish import publish_entry
from rcnas_zoo.zoo.catalogue import catalogue_root
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.precision import narrowed, widened
from rcnas_zoo.zoo.pull import pull
from rcnas_zoo.zoo.registry import publish
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry

WEIGHTS = "weights.safetensors"
NUMBERS = st.lists(st.floats(width=16, allow_nan=False, allow_infinity=False), max_size=20)


def rounded(state):
    """Through numpy's own float16."""
    return {
        name: torch.from_numpy(tensor.numpy().astype(np.float16).astype(np.float32))
        if tensor.is_floating_point()
        else tensor
        for name, tensor in state.items()
    }


@pytest.fixture(scope="module")
def state(tiny_spec):
    return rounded(build(tiny_spec, seed=3).state_dict())


@pytest.fixture(scope="module")
def _half(tmp_path_factory, tiny_spec, tiny_record, state):
    record = replace(tiny_record, weights_dtype=FLOAT16)
    return write_entry(tmp_path_factory.mktemp("half") / "tiny", tiny_spec, record, state).folder


@pytest.fixture
def half(tmp_path, _half):
    """An entry in float16, to be changed."""
    return shutil.copytree(_half, tmp_path / "tiny")


def failed(folder):
    return {check.name for check in verify(folder).checks if not check.passed}


def same(state, model):
    return all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_the_file_holds_float16_and_whole_numbers_as_they_are(half, state):
    stored = load_numpy(half / WEIGHTS)
    assert {array.dtype.name for array in stored.values()} == {"float16", "int64"}
    assert all(np.array_equal(array, state[name].numpy()) for name, array in stored.items())


def test_the_network_is_that_of_the_rounded_weights_in_float32(half, state):
    model = load_model(half)
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32, torch.int64}
    assert same(state, model)
    canary = load_file(half / "canary.safetensors")
    assert torch.allclose(model(canary["images"]), canary["logits"], atol=1e-6)
    assert failed(half) == set()
    assert "| weights stored in | float16 |" in (half / "card.md").read_text()


def test_it_is_published_pulled_and_published_under_another_name_as_it_is(half, state, store, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    publish(half, "robust-a", store)
    copy = pull(ZooName("robust-a"), tmp_path / "copy", store=store).entry
    assert (copy.folder / WEIGHTS).read_bytes() == (half / WEIGHTS).read_bytes()
    publish_entry(str(half), "robust-b")
    renamed = pull(ZooName("robust-b"), tmp_path / "renamed", store=store).entry
    assert (renamed.record.weights_dtype, renamed.record.name) == (FLOAT16, "robust-b")
    assert (renamed.folder / WEIGHTS).read_bytes() == (half / WEIGHTS).read_bytes()
    assert same(state, load_model(renamed))


def test_an_architecture_alone_of_it_stores_nothing_in_float16(half, store, tmp_path):
    publish(half, "robust-a", store)
    record = pull(ZooName("robust-a"), tmp_path / "bare", store=store, architecture=True).entry.record
    assert (record.weights_dtype, record.weights_url, record.weights_size) == (FLOAT32, "", 0)


def test_weights_that_were_not_rounded_are_not_rounded_in_secret(tmp_path, tiny_spec, tiny_record):
    record, exact = replace(tiny_record, weights_dtype=FLOAT16), build(tiny_spec, seed=3).state_dict()
    with pytest.raises(
        IntegrityError, match=r"must be numbers that it holds, those of '.*' are not; round them before"
    ):
        write_entry(tmp_path / "tiny", tiny_spec, record, exact)
    assert list(tmp_path.iterdir()) == []


def test_float16_that_the_record_does_not_announce_is_refused(half, reseal):
    reseal(half, weights_dtype=FLOAT32)
    with pytest.raises(IntegrityError, match=r"float32, got .* float16") as caught:
        load_model(half)
    assert caught.value.exit_code == 4
    assert failed(half) == {"fitting weights", "canary"}


def test_float32_under_a_record_that_announces_float16_is_refused(entry_folder, reseal):
    reseal(entry_folder, weights_dtype=FLOAT16)
    with pytest.raises(IntegrityError, match="must be float16, as their record says, got float32 in tensor") as caught:
        load_model(entry_folder)
    assert caught.value.exit_code == 4
    assert "weights file" in failed(entry_folder)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_one_tensor_of_another_type_is_refused(half, reseal, dtype):
    stored = load_file(half / WEIGHTS)
    save_file({**stored, "classifier.weight": stored["classifier.weight"].to(dtype)}, half / WEIGHTS)
    reseal(half)
    with pytest.raises(IntegrityError, match=r"got b?float\d\d in tensor 'classifier\.weight'"):
        load_model(half)


def test_whole_numbers_stored_as_floats_are_refused(half, reseal):
    stored = load_file(half / WEIGHTS)
    counter = next(name for name in stored if name.endswith("num_batches_tracked"))
    save_file({**stored, counter: stored[counter].half()}, half / WEIGHTS)
    reseal(half)
    with pytest.raises(IntegrityError, match=f"tensor {counter!r} must be .* int64, got .* float32"):
        load_model(half)


def test_every_shipped_record_still_has_the_text_and_seal_that_it_was_stored_with():
    folders = [path.parent for path in catalogue_root().glob("*/record.json")]
    assert len(folders) > 5
    for folder in folders:
        assert read_entry(folder).record.to_json() == (folder / "record.json").read_text()


@given(NUMBERS, st.integers())
def test_what_float16_holds_comes_back_as_it_was(numbers, whole):
    state = {"a": torch.tensor(numbers, dtype=torch.float32), "n": torch.tensor([whole % 2**40])}
    stored = narrowed(state, FLOAT16)
    assert (stored["a"].dtype, stored["n"].dtype) == (torch.float16, torch.int64)
    back = widened(stored, FLOAT16)
    assert back["a"].numpy().tobytes() == state["a"].numpy().tobytes()
    assert torch.equal(back["n"], state["n"])


@pytest.mark.parametrize("number", [1 / 3, 65520.0, 1e-8])
def test_what_float16_does_not_hold_is_refused(number):
    with pytest.raises(IntegrityError, match="those of 'a' are not"):
        narrowed({"a": torch.tensor([number])}, FLOAT16)
