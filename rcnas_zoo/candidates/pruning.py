"""Prunings that are never done twice: each of their stages is kept by all that it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.candidates.training import TrainingJob, once, threads_for, train_cached
from rcnas_zoo.execution.team import Team
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.build import build
from rcnas_zoo.pruning.methods import Masks, chosen_masks, learning, plain_state, pruned_network
from rcnas_zoo.pruning.scores import fix_masks
from rcnas_zoo.pruning.target import Target, target_of
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent, Together
from rcnas_zoo.spec.pruned import PrunedSpec
from rcnas_zoo.spec.pruning import LEARNT, PruningRecipe
from rcnas_zoo.training.constraint import Constraint
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

PRUNING_VERSION = 1


@dataclass(frozen=True)
class PruningJob:
    """All that a pruning depends on, and where it runs and is kept. Travels to worker processes.

    Attributes:
        training: the network that is pruned, its images, seed and place; of its recipe and floors nothing is taken,
            and a stage of scores is never compiled.
        recipe: method, what to keep, and the three stages.
    """

    training: TrainingJob
    recipe: PruningRecipe

    def pretraining(self) -> TrainingJob:
        """The first stage, an ordinary training; methods share it."""
        return replace(self.training, recipe=self.recipe.stage("pretrain"), floors=())

    def key(self, stage: str, target: Target, processes: int = 1) -> str:
        """Digest of everything that decides what a stage leaves."""
        before = self.pretraining().key(processes)
        if stage == "pretrain":
            return before
        recipe = self.recipe
        parts: dict[str, Any] = {
            "pruning": PRUNING_VERSION,
            "stage": stage,
            "pretrained": before,
            "method": recipe.method,
            "target": [target.structure, target.share, target.unit, target.limit],
        }
        if recipe.method in LEARNT:
            parts["prune"] = recipe.stage("prune").digest
            parts["term"] = [recipe.penalty, recipe.period, recipe.growth] if recipe.method != "hydra" else []
        if stage == "finetune":
            parts["finetune"] = recipe.stage("finetune").digest
        return digest(parts)


@dataclass(frozen=True, eq=False)
class Pruned:
    """A pruned network.

    Attributes:
        spec: what it is.
        weights: its state on the CPU: zeros where weights were pruned, or smaller tensors.
        trained: the last stage; its ``best`` and ``last`` are states of the training, not of the network.
        curve: one row an epoch, stage after stage.
        seconds: of all stages, when they were done.
    """

    spec: PrunedSpec
    weights: dict[str, Tensor]
    trained: TrainingResult
    curve: tuple[dict[str, float], ...]
    seconds: float


def prune_cached(
    job: PruningJob, observer: Observer | None = None, label: str = "pruning", team: Team | None = None
) -> Pruned:
    """Trains, prunes and trains on, each from the cache or done now and kept; one that was cut off goes on.

    The observer hears of the epochs of all stages in one row. Of a team, every process gets the result.

    Raises:
        InvalidInput: a budget that cannot be met, a network that cannot be pruned so, or unknown or malformed data.
        NotFound: the data set is absent.
        Diverged: a stage gave no finite loss.
        Unavailable: the cache cannot be written.
    """
    training, target = job.training, target_of(job.training.spec, job.recipe)
    run = _Run(job, target, observer or Silent(), label, team or Team())
    with torch_threads(threads_for(training.spec, training.threads)):
        return run.all_stages()


class _Later(Together):
    """Tells epochs under the numbers that they have in the whole."""

    def __init__(self, observer: Observer, before: int, total: int) -> None:
        super().__init__([observer])
        self._before, self._total = before, total

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        super().epoch(self._before + number, self._total, metrics)


@dataclass(frozen=True)
class _Run:
    job: PruningJob
    target: Target
    observer: Observer
    label: str
    team: Team

    def all_stages(self) -> Pruned:
        job, recipe = self.job, self.job.recipe
        watcher = self._watcher("pretrain")
        pretrained = train_cached(job.pretraining(), watcher, self._label("pretrain"), self.team)
        results = [self._finite("pretrain", pretrained)]
        model = _network(job.training.spec, pretrained.best)
        if recipe.method in LEARNT:
            learnt = learning(model, self.target, recipe)
            results.append(self._stage("prune", model, learnt.constraint))
            # Back from where it was trained: masks lie where scores do, and what they are put on is on the CPU.
            model.to("cpu").load_state_dict(results[-1].best)
            masks = learnt.masks()
        else:
            masks = chosen_masks(model, self.target, recipe)
        spec, weights, trained = self._finetune(plain_state(model.state_dict()), masks)
        stages = (*results, trained)
        curve = tuple(row for result in stages for row in result.curve)
        return Pruned(spec, weights, trained, curve, sum(result.seconds for result in stages))

    def _finetune(
        self, state: Mapping[str, Tensor], masks: Masks
    ) -> tuple[PrunedSpec, dict[str, Tensor], TrainingResult]:
        spec, weights = pruned_network(state, masks, self.target)
        model = _network(spec, weights)
        if self.target.structure == "channels":
            trained = self._stage("finetune", model)
            return spec, trained.best, trained
        fix_masks(model, masks)
        trained = self._stage("finetune", model)
        return *pruned_network(plain_state(trained.best), masks, self.target), trained

    def _stage(self, name: str, model: nn.Module, constraint: Constraint | None = None) -> TrainingResult:
        job, team = self.job.training, self.team
        splits, recipe = job.source.splits(), self.job.recipe.stage(name)
        device = team.device if team.size > 1 else torch.device(job.device)
        compile = "off" if name == "prune" else job.compile
        host = Host(device, self._watcher(name), self._label(name), team=team, compile=compile)

        def make(host: Host) -> TrainingResult:
            return train(
                model, splits.train, splits.evaluation, recipe, seed=job.seed, host=host, constraint=constraint
            )

        key = self.job.key(name, self.target, team.size)
        return self._finite(name, once(job.cache, key, recipe.epochs, host, make))

    def _finite(self, name: str, result: TrainingResult) -> TrainingResult:
        if result.diverged:
            raise Diverged(
                f"a pruning must keep a finite loss, its stage {name} diverged at update {result.diverged_at}; take "
                "another seed, or a lower learning rate"
            )
        return result

    def _watcher(self, name: str) -> Observer:
        stages = self.job.recipe.stages
        epochs = [self.job.recipe.stage(each).epochs for each in stages]
        return _Later(self.observer, sum(epochs[: stages.index(name)]), sum(epochs))

    def _label(self, name: str) -> str:
        return f"{self.label}, {name}"


def _network(spec: NetworkSpec, state: Mapping[str, Tensor]) -> nn.Module:
    model = build(spec)
    model.load_state_dict(dict(state))
    return model
