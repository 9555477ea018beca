"""What a network is trained by in a short time: one rise and fall of the learning rate, and averaged weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.evaluation.engine import QUICKER_FROM_MACS, has_bfloat16
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.dataset import DATASETS, default_threat
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.recipes import with_objective

RULE = "rule@"
"""Before a budget: the network of the compound scaling rule, such as ``rule@5g``."""
QUICK: dict[str, dict[str, Any]] = {
    "trades": {"attack_steps": 10, "attack_step_size": 0.25},
    "sat": {"attack_steps": 7, "attack_step_size": 0.25},
    # N-FGSM (de Jorge et al. 2022), whose noise is what keeps one step from catastrophic overfitting.
    "fast": {"attack_start": "noise", "attack_step_size": 1.0},
}
_LAST_EPOCHS = {"selection_attack": "pgd-10", "selection_start": 0.9}


def quick_recipe(dataset: str, objective: str, changes: Mapping[str, Any]) -> TrainingRecipe:
    """The recipe of an objective for a data set, before its epochs are known.

    Of CIFAR-10 and its like it is `advanced` with a one-cycle schedule, of the digits `digits-final` with one. The
    last tenth of the epochs is measured with PGD-10 on the evaluation split, and the best of these is kept.

    Raises:
        InvalidInput: an unknown objective, or changes that no recipe can have.
    """
    check_choice("the objective", objective, tuple(QUICK))
    base = named_recipe("digits-final" if dataset == "digits" else "advanced")
    cycle = base.with_changes(schedule="one-cycle", warmup=0.0, threat=str(default_threat(dataset)), **_LAST_EPOCHS)
    own = with_objective(cycle, objective).with_changes(**QUICK[objective])
    flips = dataset not in DATASETS or DATASETS[dataset].flips
    found = {**own.with_changes(flip=own.flip and flips).to_dict(), **changes}
    return TrainingRecipe.from_dict(found)


def with_precision(recipe: TrainingRecipe, spec: NetworkSpec, device: torch.device, asked: bool) -> TrainingRecipe:
    """The recipe in bfloat16 where gradients are quicker so (the rule of evaluations), unless another was asked for."""
    if asked:
        return recipe
    quicker = nominal_cost(spec).macs >= QUICKER_FROM_MACS and has_bfloat16(device)
    return recipe.with_changes(precision="bfloat16" if quicker else "float32")


def network_spec(text: str, dataset: Dataset | None = None) -> NetworkSpec:
    """The network of a name (``robustresnet-a1``), a rule (``rule@5g``) or a file (``spec.json``).

    Args:
        text: what was typed.
        dataset: its shape and classes; None for 32x32 colour images of ten classes.

    Raises:
        InvalidInput: an unknown name, or a spec for other images.
        NotFound: no such file.
    """
    input = InputSpec(dataset.shape if dataset else (3, 32, 32))
    classes = dataset.classes if dataset else 10
    if text.startswith(RULE):
        return robustresnet_spec(Budget.parse(text.removeprefix(RULE)).macs, input, classes)
    if not text.endswith(".json"):
        return named_spec(text, input, classes)
    if not Path(text).is_file():
        raise NotFound(f"a spec file must exist, got {text!r}; give one, a name or {RULE}5g")
    spec = NetworkSpec.from_json(Path(text).read_text())
    if spec.input.shape != input.shape or spec.classes != classes:
        raise InvalidInput(
            f"a network for this data set must take images {input.shape} of {classes} classes, "
            f"got {spec.input.shape} and {spec.classes} in {text}"
        )
    return spec
