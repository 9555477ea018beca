"""What a row of the paper is made by: one training, one pruning, or one search and the training of what it finds."""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from rcnas_zoo.candidates.pruning import PRUNING_VERSION
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan
from rcnas_zoo.workflows.machine import Machine, threads_here
from rcnas_zoo.workflows.settings import FinetuneSettings


@dataclass(frozen=True)
class Training:
    """One network, trained adversarially.

    Attributes:
        name: what the network is called.
        spec, dataset, recipe, seed: the training.
    """

    name: str
    spec: NetworkSpec
    dataset: str
    recipe: TrainingRecipe
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """All that decides the weights, plain JSON data."""
        parts = {"spec": self.spec.to_dict(), "recipe": self.recipe.to_dict()}
        return {"kind": "training", "dataset": self.dataset, "seed": self.seed, **parts}

    def __str__(self) -> str:
        price = format_macs(cost(self.spec).macs)
        return f"{self.name} ({price} MACs) on {self.dataset}, {self.recipe.epochs} epochs of {self.recipe.objective}"

    def job(self, machine: Machine) -> FinalJob:
        """The training as a job that asks nothing of the test split; nothing is trained yet."""
        training = TrainingJob(
            spec=self.spec,
            recipe=self.recipe,
            seed=self.seed,
            source=DataSource(self.dataset, machine.data_root, machine.download),
            cache=machine.cache,
            device=machine.device_name(),
            threads=threads_here(),
        )
        return FinalJob(self.name, training, ThreatModel.parse(self.recipe.threat), FinalPlan(()))


@dataclass(frozen=True)
class Pruning:
    """One network that is trained, pruned and trained on.

    Attributes:
        base: the network and its data; how it would be trained whole decides nothing.
        recipe: what is kept, and the three stages.
    """

    base: Training
    recipe: PruningRecipe

    def to_dict(self) -> dict[str, Any]:
        """All that decides the weights, plain JSON data."""
        parts = {"recipe": self.recipe.to_dict(), "engine": PRUNING_VERSION}
        return {**self.base.to_dict(), "kind": "pruning", **parts}

    def __str__(self) -> str:
        base, recipe = self.base, self.recipe
        price = format_macs(cost(base.spec).macs)
        kept = f"{recipe.keep:.1%} of its {recipe.structure} kept by {recipe.method}"
        trained = f"{recipe.epochs} epochs of {recipe.training.objective}"
        return f"{base.name} ({price} MACs) on {base.dataset}, {kept}, {trained}"

    def job(self, machine: Machine) -> FinalJob:
        """The pruning as a job that asks nothing of the test split; nothing is trained yet."""
        return replace(self.base.job(machine), pruning=self.recipe)


@dataclass(frozen=True)
class Search:
    """A search by the agent for a task, and the full training of the network that it finds."""

    task: Task
    settings: FinetuneSettings

    def to_dict(self) -> dict[str, Any]:
        """All that was asked for, plain JSON data."""
        return {"kind": "search", "task": str(self.task), "settings": self.settings.to_dict()}

    def __str__(self) -> str:
        agent = "a fresh agent" if self.settings.policy == "none" else "the agent"
        off = [name for name, value in self.settings.agent_changes.items() if not value]
        return f"{self.task}: {self.settings.visits} networks by {agent}" + "".join(f" without {name}" for name in off)


Work: TypeAlias = Training | Pruning | Search
