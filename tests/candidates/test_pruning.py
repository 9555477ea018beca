"""Prunings of a small network on the digits: each stage is done once, and being cut off changes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rcnas_zoo.candidates import pruning, training
from rcnas_zoo.candidates.pruning import PruningJob, prune_cached
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.masks import check_mask
from rcnas_zoo.spec.errors import Diverged, InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.pruning import METHODS, PruningRecipe, Stage
from rcnas_zoo.training.checkpoints import Checkpoints

LEARNT = {"hydra": {}, "harp": {"penalty": 0.1}, "r-admm": {"penalty": 0.3, "growth": 3.0}}


@pytest.fixture
def pruned_job(job):
    """A pruning by a method, on 200 images: epochs of two updates."""

    def make(method="hydra", **changes):
        stages = {"pretrain": Stage(2, 0.1), "prune": Stage(2, 0.1), "finetune": Stage(1, 0.01)}
        shared = job.recipe.with_changes(batch_size=100)
        asked = {"keep": 0.2, "training": shared, **stages, **LEARNT.get(method, {}), **changes}
        recipe = PruningRecipe(method, **asked)
        return PruningJob(replace(job, source=replace(job.source, train_size=200)), recipe)

    return make


def same(one, other):
    assert one.spec == other.spec
    assert one.curve == other.curve
    assert one.weights.keys() == other.weights.keys()
    assert all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


def kept(root: Path) -> int:
    return len(list(root.glob("training/??/*")))


@pytest.mark.parametrize("structure", ["weights", "channels"])
@pytest.mark.parametrize("method", METHODS)
def test_what_comes_out_is_a_network_of_its_spec(pruned_job, method, structure):
    if structure == "channels" and method in ("r-admm", "magnitude-global"):
        with pytest.raises(InvalidInput, match="channels must be pruned by"):
            pruned_job(method, structure=structure)
        return
    job = pruned_job(method, structure=structure)
    made = prune_cached(job)
    model = build(made.spec)
    model.load_state_dict(made.weights)
    check_mask(made.spec, made.weights)
    assert cost(made.spec).parameters < 0.3 * cost(job.training.spec).parameters
    assert len(made.curve) == (5 if method in LEARNT else 3)
    assert made.spec.base == job.training.spec


def test_methods_share_the_pretraining_and_nothing_is_done_twice(pruned_job, monkeypatch):
    job = pruned_job()
    first = prune_cached(job)
    assert kept(job.training.cache) == 3
    prune_cached(pruned_job("magnitude"))
    assert kept(job.training.cache) == 4
    monkeypatch.setattr(pruning, "train", lambda *_, **__: pytest.fail("trained twice"))
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained twice"))
    same(prune_cached(job), first)
    train_cached(job.pretraining())


@pytest.mark.parametrize("changes", [{"keep": 0.3}, {"finetune": Stage(1, 0.02)}, {"prune": Stage(2, 0.2)}])
def test_what_decides_a_stage_is_in_its_key(pruned_job, changes):
    job, other = pruned_job(), pruned_job(**changes)
    target, its = (pruning.target_of(each.training.spec, each.recipe) for each in (job, other))
    assert job.key("pretrain", target) == other.key("pretrain", its) == job.pretraining().key()
    assert (job.key("prune", target) == other.key("prune", its)) == ("finetune" in changes)
    assert job.key("finetune", target) != other.key("finetune", its)


def test_the_observer_hears_of_all_stages_in_one_row_also_from_the_cache(pruned_job):
    heard = []

    class Listener(Silent):
        def epoch(self, number, total, metrics):
            heard.append((number, total, dict(metrics)))

    made = prune_cached(pruned_job(), Listener())
    assert heard == [(number, 5, dict(row)) for number, row in enumerate(made.curve, start=1)]
    prune_cached(pruned_job(), Listener())
    assert heard[:5] == heard[5:]


class Cut(Exception):
    """The pruning is cut off here."""


class Falling(Silent):
    """Fails at an update of a stage."""

    def __init__(self, stage, update):
        self.at = (stage, update)

    def progress(self, label, done, total, note=""):
        if (label.rpartition(" ")[2], done) == self.at:
            raise Cut


@pytest.mark.parametrize(
    ("method", "stage", "update"), [("harp", "prune", 3), ("r-admm", "prune", 2), ("hydra", "finetune", 2)]
)
def test_one_that_is_cut_off_goes_on_with_its_stage(pruned_job, tmp_path, monkeypatch, method, stage, update):
    job = pruned_job(method)
    undisturbed = prune_cached(replace(job, training=replace(job.training, cache=tmp_path / "other")))
    often = lambda folder: Checkpoints(folder, every_seconds=0)  # noqa: E731
    monkeypatch.setattr(training, "Checkpoints", often)
    with pytest.raises(Cut):
        prune_cached(job, Falling(stage, update))
    newest = json.loads(max(job.training.cache.glob("checkpoints/*/*.json")).read_text())
    assert newest["facts"]["done"] == update - 1
    same(prune_cached(job), undisturbed)


@pytest.mark.parametrize("structure", ["weights", "channels"])
@pytest.mark.parametrize("method", ["magnitude", "hydra", "harp"])
def test_a_budget_is_met(pruned_job, method, structure):
    job = pruned_job(method, structure=structure, macs=60_000)
    made = prune_cached(job)
    assert (0.97 if structure == "weights" else 0.7) * 60_000 <= cost(made.spec).macs <= 60_000


def test_a_budget_that_cannot_be_met_is_refused_before_anything_is_trained(pruned_job):
    job = pruned_job(macs=10)
    with pytest.raises(InvalidInput, match="budget of a pruning"):
        prune_cached(job)
    assert not job.training.cache.exists()


def test_a_stage_that_diverges_is_told(pruned_job):
    shared = pruned_job().recipe.training.with_changes(gradient_clip=0.0, weight_decay=10.0, momentum=1.0)
    job = pruned_job(training=shared, pretrain=Stage(20, 100.0))
    with pytest.raises(Diverged, match="stage pretrain diverged"):
        prune_cached(job)


@pytest.mark.parametrize("method", LEARNT)
def test_masks_are_taken_from_a_network_that_is_back_on_the_cpu(pruned_job, monkeypatch, method):
    """A GPU is played: a training leaves the network there, and its masks would be there too."""
    away, real_train, real_learning = set(), pruning.train, pruning.learning

    def train(model, *args, **named):
        result = real_train(model, *args, **named)
        back = model.to
        away.add(id(model))
        model.to = lambda *where, **how: (away.discard(id(model)), back(*where, **how))[1]
        return result

    def learning(model, *args):
        learnt = real_learning(model, *args)
        return replace(learnt, masks=lambda: pytest.fail("on the GPU") if id(model) in away else learnt.masks())

    monkeypatch.setattr(pruning, "train", train)
    monkeypatch.setattr(pruning, "learning", learning)
    prune_cached(pruned_job(method))
