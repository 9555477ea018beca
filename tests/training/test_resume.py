"""A training that is cut off goes on where it stood, and ends as if nothing had happened."""

import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.training.checkpoints import Checkpoints, Saved
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

from .problems import (
    EVERYTHING,
    RECIPE,
    Broken,
    Cut,
    Heard,
    fragile_and_robust,
    same_result,
    same_weights,
    small_network,
)

# Three epochs of eight updates.
SHORT = RECIPE.with_changes(epochs=3)
RECIPES = {
    "clean": SHORT.with_changes(objective="clean", selection_attack="none", nesterov=True),
    "n-fgsm": SHORT.with_changes(objective="fast", attack_steps=1, attack_start="noise", crop_padding=1, flip=True),
    "sat, selected late": SHORT.with_changes(selection_start=0.5, attack_start="uniform"),
    "mart in bfloat16": SHORT.with_changes(objective="mart", precision="bfloat16"),
    "sat in train mode": SHORT.with_changes(attack_mode="train", inner_attack="apgd-ce", schedule="one-cycle"),
    "everything": EVERYTHING.with_changes(epochs=3),
}
WHOLE = "everything"
STOPS = [1, 7, 8, 9, 17, 24]


@pytest.fixture
def run(splits, tmp_path):
    """Trains with a checkpoint after every update, watched by an observer."""

    def go(recipe, seen=None, model=None, seed=0, **given):
        checkpoints = Checkpoints(tmp_path / "kept", every_seconds=0)
        host = Host(observer=seen or Heard(), checkpoints=checkpoints, label="candidate 3")
        given = {"train": splits[0], "evaluation": splits[1], **given}
        return train(model or small_network(), recipe=recipe, seed=seed, host=host, **given)

    return go


@pytest.fixture
def cut_off(run):
    """Trains until the observer has been told of so many updates; the last of them has not been kept."""

    def go(recipe, stop, **given):
        with pytest.raises(Cut):
            run(recipe, Heard(stop), **given)

    return go


@pytest.fixture(scope="module")
def undisturbed():
    """What comes of the recipes if nothing is kept."""
    splits = fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)
    return {name: train(small_network(), *splits, recipe, seed=0) for name, recipe in RECIPES.items()}


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("name", RECIPES)
def test_a_training_that_was_cut_off_ends_bitwise_as_if_nothing_had_happened(run, cut_off, undisturbed, name, stop):
    cut_off(RECIPES[name], stop)
    seen = Heard()
    assert same_result(run(RECIPES[name], seen), undisturbed[name])
    assert seen.done == list(range(stop, 25))
    assert tuple(seen.rows) == undisturbed[name].curve
    assert seen.warnings == []


def test_a_training_may_be_cut_off_any_number_of_times(run, cut_off, undisturbed):
    for stop in (1, 2, 3, 3, 11, 12, 16, 17, 23, 24, 24):
        cut_off(RECIPES[WHOLE], stop)
    assert same_result(run(RECIPES[WHOLE]), undisturbed[WHOLE])


class Diary(Heard):
    """Keeps the order of epochs and progress."""

    def __init__(self, until):
        super().__init__(until)
        self.told = []

    def epoch(self, number, total, metrics):
        self.told.append((number, total, dict(metrics)))

    def progress(self, label, done, total, note=""):
        self.told.append((label, done, total, note.split("  ")[:2]))
        super().progress(label, done, total, note)


def test_the_epochs_of_the_checkpoint_are_told_again_before_anything_else(run, cut_off, undisturbed):
    """Who listens now may not be who listened then."""
    cut_off(RECIPES[WHOLE], 20)
    seen, curve = Diary(20), undisturbed[WHOLE].curve
    with pytest.raises(Cut):
        run(RECIPES[WHOLE], seen)
    step = ("candidate 3", 20, 24, ["epoch 3/3", f"loss {curve[1]['loss']:.3g}"])
    assert seen.told == [(1, 3, curve[0]), (2, 3, curve[1]), step]


def test_the_model_that_is_handed_in_again_need_not_have_the_same_weights(run, cut_off, undisturbed):
    cut_off(RECIPES[WHOLE], 12)
    model = small_network(seed=9)
    assert same_result(run(RECIPES[WHOLE], model=model), undisturbed[WHOLE])
    assert same_weights(model.state_dict(), undisturbed[WHOLE].last)
    assert not model.training


def test_the_seconds_of_all_processes_add_up(run, cut_off, tmp_path):
    cut_off(SHORT, 12)
    checkpoints = Checkpoints(tmp_path / "kept")
    saved = checkpoints.latest(pytest.fail)
    assert 0 < saved.facts["seconds"] < 100
    checkpoints.save(Saved(saved.tensors, {**saved.facts, "seconds": 1000.0}))
    assert 1000 < run(SHORT).seconds < 1100


def test_a_training_that_has_ended_is_not_done_again(run, undisturbed):
    run(RECIPES[WHOLE])
    seen, model = Heard(), small_network(seed=9)
    assert same_result(run(RECIPES[WHOLE], seen, model), undisturbed[WHOLE])
    assert same_weights(model.state_dict(), undisturbed[WHOLE].last)
    assert seen.calls == []
    assert tuple(seen.rows) == undisturbed[WHOLE].curve


def test_a_hopeless_training_stays_hopeless(run, undisturbed):
    first = run(RECIPES[WHOLE], floors={2: 1.0})
    assert first.hopeless
    seen = Heard()
    assert same_result(run(RECIPES[WHOLE], seen, floors={2: 1.0}), first)
    assert seen.calls == []
    assert tuple(seen.rows) == undisturbed[WHOLE].curve[:2]


@pytest.mark.parametrize("stop", [15, 16])
def test_a_training_that_was_cut_off_before_its_floor_ends_there(run, cut_off, stop):
    floors = {2: 1.0}
    cut_off(RECIPES[WHOLE], stop, floors=floors)
    result = run(RECIPES[WHOLE], floors=floors)
    assert result.hopeless
    assert len(result.curve) == 2


@pytest.mark.parametrize("broken", [9, 12, 16])
def test_a_training_that_has_diverged_stays_so(run, broken):
    first = run(RECIPES["clean"], model=Broken(broken))
    assert (first.diverged_at, len(first.curve)) == (broken, 1)
    seen = Heard()
    assert same_result(run(RECIPES["clean"], seen, Broken(broken)), first)
    assert seen.calls == []


@pytest.mark.parametrize("stop", [12, 14, 16])
def test_a_loss_that_was_no_number_before_the_cut_is_not_forgotten(run, cut_off, stop):
    cut_off(RECIPES["clean"], stop, model=Broken(11))
    seen = Heard()
    result = run(RECIPES["clean"], seen, Broken(11))
    assert (result.diverged_at, len(result.curve)) == (11, 1)
    assert len(seen.warnings) == 1
    assert "at update 11 (epoch 2)" in seen.warnings[0]


def test_the_parts_of_a_batch_stay_as_they_were(run, cut_off, splits):
    """The memory that was too small will be too small again."""
    limit, original = 16, torch.nn.Conv2d.forward

    def forward(layer, images):
        if layer.training and len(images) > limit:
            raise torch.OutOfMemoryError
        return original(layer, images)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Conv2d, "forward", forward)
        cut_off(SHORT, 12)
        seen = Heard()
        result = run(SHORT, seen)
        assert same_result(result, train(small_network(), *splits, SHORT, seed=0))
    assert result.engine["parts"] == 2
    assert seen.warnings == []


# Damage, and checkpoints of others.


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_damaged_checkpoint_costs_an_update_and_nothing_else(run, cut_off, undisturbed, tmp_path, suffix):
    cut_off(RECIPES[WHOLE], 13)
    path = tmp_path / "kept" / f"000000012.{suffix}"
    path.write_bytes(path.read_bytes()[:-1])
    seen = Heard()
    assert same_result(run(RECIPES[WHOLE], seen), undisturbed[WHOLE])
    assert seen.done[0] == 12
    assert len(seen.warnings) == 1
    assert "000000012.json is damaged" in seen.warnings[0]


def test_where_all_checkpoints_are_damaged_the_training_begins_anew_and_can_be_cut_off_again(
    run, cut_off, undisturbed, tmp_path
):
    cut_off(RECIPES[WHOLE], 13)
    for path in (tmp_path / "kept").glob("*.safetensors"):
        os.truncate(path, 100)
    cut_off(RECIPES[WHOLE], 5)
    seen = Heard()
    assert same_result(run(RECIPES[WHOLE], seen), undisturbed[WHOLE])
    assert seen.done[0] == 5
    assert seen.warnings == []


def swapped(images):
    return Images(images.images, 1 - images.labels)


class Interrupting(nn.Module):
    """Sends a signal to this process in the middle of an update, with the passes of one objective in train mode."""

    def __init__(self, number, update):
        super().__init__()
        self.network, self.number, self.update, self.done = small_network(), number, update, 0

    def forward(self, images):
        self.done += self.training
        if self.training and self.done == self.update:
            os.kill(os.getpid(), self.number)
        return self.network(images)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("update", [1, 5, 12])
def test_an_interrupt_finds_a_checkpoint_of_the_update_that_was_under_way(splits, tmp_path, number, update):
    """Far from the next one that is due; what goes on from it ends as if nothing had happened."""
    recipe = SHORT.with_changes(objective="clean", selection_attack="none")
    host = Host(checkpoints=Checkpoints(tmp_path / "kept", every_seconds=3600))
    with pytest.raises((KeyboardInterrupt, SystemExit)), raising_on_sigterm():
        train(Interrupting(number, update), *splits, recipe, seed=0, host=host)
    assert [path.stem for path in (tmp_path / "kept").glob("*.json")] == [f"{update:09}"]
    result = train(Interrupting(number, 0), *splits, recipe, seed=0, host=host)
    assert same_result(result, train(Interrupting(number, 0), *splits, recipe, seed=0))


@contextmanager
def raising_on_sigterm():
    usual = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def with_activation(activation):
    return build(replace(named_spec("wrn-10-1", InputSpec((1, 4, 4)), 2), activation=activation))


def test_a_network_of_equal_shapes_and_another_activation_is_another_training(run, cut_off):
    cut_off(SHORT, 3, model=with_activation("relu"))
    with pytest.raises(InvalidInput, match="must be of this training, got another's"):
        run(SHORT, model=with_activation("silu"))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"recipe": SHORT.with_changes(learning_rate=0.06)},
        {"recipe": SHORT.with_changes(precision="bfloat16")},
        {"floors": {2: 0.1}},
        {"model": small_network(width=5)},
        {"train": swapped(fragile_and_robust(256, seed=0))},
        {"evaluation": fragile_and_robust(128, seed=2)},
    ],
    ids=str,
)
def test_the_checkpoints_of_another_training_are_refused(run, cut_off, tmp_path, change):
    cut_off(SHORT, 3)
    with pytest.raises(InvalidInput, match=r"must be of this training, got another's; clear the folder") as caught:
        run(**{"recipe": SHORT, **change})
    assert str(tmp_path / "kept") in str(caught.value)


def test_name_and_compiler_of_a_training_may_change(cut_off, undisturbed, splits, tmp_path):
    cut_off(RECIPES[WHOLE], 3)
    seen = Heard()
    host = Host(observer=seen, checkpoints=Checkpoints(tmp_path / "kept"), label="candidate 4", compile="off")
    assert same_result(train(small_network(), *splits, RECIPES[WHOLE], seed=0, host=host), undisturbed[WHOLE])
    assert seen.done[0] == 3


def test_without_a_folder_or_before_the_time_nothing_is_kept(splits, tmp_path):
    train(small_network(), *splits, SHORT, seed=0, host=Host(checkpoints=Checkpoints(tmp_path / "kept")))
    assert not (tmp_path / "kept").exists()


# A disk that does not take a checkpoint.


def test_a_folder_that_cannot_be_written_stops_nothing(run, undisturbed, tmp_path):
    (tmp_path / "kept").write_text("a file in the way")
    seen = Heard()
    assert same_result(run(RECIPES[WHOLE], seen), undisturbed[WHOLE])
    assert len(seen.warnings) == 24
    start = f"candidate 3 goes on without a new checkpoint: a checkpoint must be written to {tmp_path / 'kept'}: "
    assert all(warning.startswith(start) for warning in seen.warnings)
    assert (tmp_path / "kept").read_text() == "a file in the way"


def test_a_folder_that_has_become_read_only_stops_nothing(run, cut_off, undisturbed, tmp_path, read_only):
    cut_off(RECIPES[WHOLE], 13)
    read_only(tmp_path / "kept")
    seen = Heard()
    assert same_result(run(RECIPES[WHOLE], seen), undisturbed[WHOLE])
    assert len(seen.warnings) == 12
    assert "Permission denied" in seen.warnings[0]
