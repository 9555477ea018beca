"""A training by several processes is that of one: as threads for the many settings, under torchrun for two of them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from rcnas_zoo.execution.team import Team

from ..teams import as_threads, torchrun
from . import shared_training
from .shared_training import BATCH, IMAGES, RECIPE, trained

# In another order the last bits of a sum differ, and a gradient so near to zero that its sign turns moves a pixel by a
# whole step. Without the common statistics of batch normalisation, losses differ by 7e-3 and more, weights by 9e-2.
LOSS, WEIGHT = 1e-3, 5e-3

VARIANTS = {
    "clean": {"objective": "clean"},
    "fast": {"objective": "fast", "attack_steps": 1, "attack_start": "noise"},
    "sat": {},
    "sat in train mode": {"attack_mode": "train"},
    "apgd": {"inner_attack": "apgd-ce"},
    "trades": {"objective": "trades"},
    "trades with all": {
        "objective": "trades",
        "bn_statistics": "twice",
        "weight_perturbation": 0.01,
        "weight_average": 0.9,
        "cutout": 2,
        "label_smoothing": 0.1,
    },
    "mart": {"objective": "mart", "bn_statistics": "adversarial"},
}
INTERRUPTED_AT = 7


def assert_same_weights(mine, expected, tolerance):
    torch.testing.assert_close(mine, expected, rtol=0, atol=tolerance)


def assert_same_losses(mine, expected):
    losses = ([row["loss"] for row in curve] for curve in (mine, expected))
    assert next(losses) == pytest.approx(next(losses), abs=LOSS)


def team_results(recipe, size, folder=None):
    return as_threads(size, lambda team: trained(recipe, team, folder and folder / str(team.rank)))


@pytest.fixture(scope="module")
def alone():
    return {objective: trained(RECIPE.with_changes(objective=objective), Team()) for objective in ("sat", "trades")}


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """What two processes under torchrun have left: reports by objective and rank, and the folder."""
    folder = tmp_path_factory.mktemp("launched")
    result = torchrun(2, Path(shared_training.__file__), folder)
    assert result.returncode == 0, result.stderr
    return SimpleNamespace(
        folder=folder,
        output=result.stdout,
        report={path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")},
        weights={path.stem: load_file(path) for path in folder.glob("*.safetensors")},
    )


@pytest.mark.parametrize("objective", ["sat", "trades"])
def test_two_processes_give_the_curve_and_the_weights_of_one(launched, alone, objective):
    result, _ = alone[objective]
    for rank in (0, 1):
        assert_same_losses(launched.report[f"{objective}-{rank}"]["curve"], result.curve)
        assert_same_weights(launched.weights[f"{objective}-{rank}"], result.last, WEIGHT)


@pytest.mark.parametrize("objective", ["sat", "trades"])
def test_both_processes_end_with_the_same_bits(launched, objective):
    zero, one = (launched.report[f"{objective}-{rank}"] for rank in (0, 1))
    assert zero["curve"] == one["curve"]
    assert "robust_accuracy" in zero["curve"][-1]
    assert zero["engine"]["processes"] == one["engine"]["processes"] == 2
    assert_same_weights(launched.weights[f"{objective}-0"], launched.weights[f"{objective}-1"], 0)


def test_only_the_leader_tells_and_writes(launched):
    zero, one = (launched.report[f"sat-{rank}"] for rank in (0, 1))
    assert zero["told"] == zero["curve"]
    assert zero["updates"] == RECIPE.epochs * -(-IMAGES // BATCH)
    assert (one["told"], one["updates"]) == ([], 0)
    assert sorted(path.name for path in launched.folder.glob("kept-*")) == ["kept-sat-0", "kept-trades-0"]
    assert launched.output == ""


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_every_setting_can_be_shared(changes, size):
    recipe = RECIPE.with_changes(**changes, epochs=2)
    whole, _ = trained(recipe, Team())
    results = [result for result, _ in team_results(recipe, size)]
    for result in results:
        assert_same_losses(result.curve, whole.curve)
        assert_same_weights(result.last, whole.last, WEIGHT)
        assert_same_weights(result.last, results[0].last, 0)
        assert_same_weights(result.best, results[0].best, 0)


@pytest.fixture
def interrupted(monkeypatch, tmp_path):
    """Where a team of two that died at an update has left its checkpoints, and the weights it would have come to."""
    undisturbed = team_results(RECIPE, 2)[0][0]

    def fail(told, label, done, total, note=""):
        if done == INTERRUPTED_AT:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shared_training.Told, "progress", fail)
        with pytest.raises(KeyboardInterrupt):
            team_results(RECIPE, 2, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    return tmp_path, undisturbed


def test_a_team_goes_on_from_the_checkpoint_of_its_leader(interrupted):
    folder, undisturbed = interrupted
    results = team_results(RECIPE, 2, folder)
    assert results[0][1].updates == RECIPE.epochs * -(-IMAGES // BATCH) - INTERRUPTED_AT
    for result, _ in results:
        assert result.curve == undisturbed.curve
        assert_same_weights(result.last, undisturbed.last, 0)


def test_a_process_alone_goes_on_from_the_checkpoint_of_a_team(interrupted):
    folder, undisturbed = interrupted
    result, told = trained(RECIPE, Team(), folder / "0")
    assert told.updates < RECIPE.epochs * -(-IMAGES // BATCH)
    assert_same_losses(result.curve, undisturbed.curve)
    assert_same_weights(result.last, undisturbed.last, WEIGHT)
