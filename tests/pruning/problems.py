"""A small network for 4x4 grey images, half trained, with the targets of the room's tests."""

from rcnas_zoo.networks.build import build
from rcnas_zoo.pruning.target import target_of
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.pruning import PruningRecipe, Stage
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.training.loop import train

from ..training.problems import RECIPE, fragile_and_robust

SPEC = ResidualSpec(InputSpec((1, 4, 4)), 2, (StageSpec(1, 8), StageSpec(1, 12, stride=2)), stem_width=8)
SPLITS = fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)
QUICK = RECIPE.with_changes(attack_steps=1, selection_attack="none")


def recipe(method, **changes):
    """Eight updates an epoch."""
    stages = {"pretrain": Stage(2, 0.05), "prune": Stage(6, 0.1), "finetune": Stage(2, 0.02)}
    asked = {"keep": 0.2, "training": QUICK, **stages, **changes}
    return PruningRecipe(method=method, **asked)


def target(asked):
    return target_of(SPEC, asked)


def pretrained(seed=0):
    model = build(SPEC, seed)
    train(model, *SPLITS, QUICK.with_changes(epochs=2), seed=seed)
    return model


def trained_on(model, asked, learnt, seed=0):
    """The second stage."""
    return train(model, *SPLITS, asked.stage("prune"), seed=seed, constraint=learnt.constraint)
