"""Train one network adversarially and write it as a complete zoo entry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.pruning.recipes import scaled_recipe
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import check_choice, check_integer
from rcnas_zoo.spec.dataset import dataset_slug, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.acceleration import COMPILE
from rcnas_zoo.training.recipes import ACTIVATIONS
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan
from rcnas_zoo.workflows.machine import Machine, threads_here
from rcnas_zoo.workflows.recipes import chosen_recipe
from rcnas_zoo.workflows.specs import names_architecture, spec_for
from rcnas_zoo.workflows.trained_entry import EntryPlan, lend_a_hand, train_entry
from rcnas_zoo.zoo.entry import Entry

__all__ = ["TrainSettings", "assist", "default_folder", "train"]


@dataclass(frozen=True)
class TrainSettings:
    """What decides the weights, apart from the network and the data set.

    Attributes:
        recipe: name of a training recipe; empty takes the data set's.
        objective: ``clean``, ``fast``, ``sat``, ``trades`` or ``mart``; empty takes the named recipe's own, or
            ``trades`` if none is named.
        threat: threat model; None takes the data set's default.
        epochs: 0 takes the recipe's own.
        changes: other fields of the recipe, by name.
        train_size: images to train on; 0 means all.
        seed: seed of initialisation, order, augmentation and attacks.
        attacks: attacks on the test split afterwards.
        compile: ``auto`` (where it pays back within the training), ``on`` or ``off``.
        prune: method of pruning; empty prunes nothing. The training is then the first of three stages, whose
            proportions are those of `scaled_recipe`.
        pruning: of the pruning ``keep``, ``macs`` and ``structure``, by name; see `PruningRecipe`.
    """

    recipe: str = ""
    objective: str = ""
    threat: ThreatModel | None = None
    epochs: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)
    train_size: int = 0
    seed: int = 0
    attacks: tuple[str, ...] = ("pgd-20",)
    compile: str = "auto"
    prune: str = ""
    pruning: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pruning and not self.prune:
            raise InvalidInput(f"{next(iter(self.pruning))} must go with a method of pruning, got none; name it too")
        check_integer("the epochs", self.epochs, 0)
        check_integer("the images to train on", self.train_size, 0)
        check_integer("the seed", self.seed, 0, 2**31 - 1)
        check_choice("compile", self.compile, COMPILE)
        for name in self.attacks:
            AttackName.parse(name)


def train(
    network: str,
    dataset: str,
    to: Path,
    settings: TrainSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    command: str = "",
) -> Entry:
    """Train a network, measure it on the test split, and write the entry folder ``to``.

    A training that was cut off goes on from its last checkpoint, in the same run. Under torchrun this is for the first
    process, and `assist` for the others.

    Args:
        network: an architecture's name, a spec file, an entry folder or a zoo name.
        dataset: a data set's name.
        to: the folder to make; it must not exist.
        settings: what decides the weights.
        machine: where it runs.
        observer: who watches.
        command: the command line that resumes this run, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: unknown names, settings out of range, or ``to`` exists.
        NotFound: data or network are absent.
        Unavailable: tracking store, cache or disk cannot be used, or the training diverged.
    """
    plan = _plan(network, dataset, settings or TrainSettings(), machine or Machine(), command)
    return train_entry(plan, to, observer or Silent())


def assist(network: str, dataset: str, settings: TrainSettings | None = None, machine: Machine | None = None) -> None:
    """What each process of torchrun but the first does when all are asked to train: a share of the work, in silence."""
    lend_a_hand(_plan(network, dataset, settings or TrainSettings(), machine or Machine(), ""))


def _plan(network: str, dataset: str, settings: TrainSettings, machine: Machine, command: str) -> EntryPlan:
    decided: dict[str, str | int] = {"seed": settings.seed}
    decided |= {"train_size": settings.train_size} if settings.train_size else {}
    decided |= {"prune": settings.prune} if settings.prune else {}
    return EntryPlan(
        workflow="train",
        title=f"train {network} on {dataset}",
        asked={"network": network, "dataset": dataset, **decided},
        job=_job(network, dataset, settings, machine),
        lineage={"network": Path(network).name, **decided},
        command=command,
    )


def _job(network: str, dataset: str, settings: TrainSettings, machine: Machine) -> FinalJob:
    source = DataSource(dataset, machine.data_root, machine.download, train_size=settings.train_size)
    threat = settings.threat or default_threat(dataset)
    training = TrainingJob(
        spec=_spec(network, source.dataset(), settings.recipe),
        recipe=_recipe(source.dataset(), threat, settings),
        seed=settings.seed,
        source=source,
        cache=machine.cache,
        device=machine.device_name(),
        threads=threads_here(),
        compile=settings.compile,
    )
    pruning = _pruning(training, settings)
    return FinalJob("the network", training, threat, FinalPlan(settings.attacks), pruning=pruning)


def _pruning(training: TrainingJob, settings: TrainSettings) -> PruningRecipe | None:
    if settings.prune:
        return scaled_recipe(settings.prune, training.recipe, **settings.pruning)
    spec = training.spec
    if isinstance(spec, PrunedSpec) and isinstance(spec.kept, KeptWeights):
        raise InvalidInput(
            "a network to train must not have single weights pruned, for its mask belongs to its weights; train its "
            "base, the field base of spec.json, and prune it again (--prune)"
        )
    return None


def _spec(network: str, dataset: Dataset, recipe: str) -> NetworkSpec:
    """The network; a fresh one gets the activation that goes with the recipe, a stored one keeps its own.

    Networks of cells have ReLU alone.
    """
    spec = spec_for(network, dataset)
    if recipe in ACTIVATIONS and names_architecture(network) and isinstance(spec, ResidualSpec):
        return replace(spec, activation=ACTIVATIONS[recipe])
    return spec


def _recipe(dataset: Dataset, threat: ThreatModel, settings: TrainSettings) -> TrainingRecipe:
    recipe = chosen_recipe(
        dataset, threat, settings.recipe, settings.objective or ("" if settings.recipe else "trades")
    )
    epochs = {"epochs": settings.epochs} if settings.epochs else {}
    return TrainingRecipe.from_dict({**recipe.to_dict(), **epochs, **settings.changes})


def default_folder(network: str, dataset: str) -> Path:
    """``./NAME-DATASET``: the network's name without folder, file ending, alias and version; N@C becomes N-C."""
    if names_architecture(network):
        return Path(f"{network.replace('@', '-')}-{dataset_slug(dataset)}")
    name = re.split("[@:]", Path(network).name.removesuffix(".json"))[0]
    return Path(f"{name}-{dataset_slug(dataset)}")
