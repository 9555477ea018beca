"""The training that a zoo entry's record tells of, as a job: the whole of it, or a share to try it out."""

from dataclasses import dataclass, replace
from typing import Any

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import check_integer, check_number
from rcnas_zoo.spec.dataset import check_dataset_name
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec
from rcnas_zoo.spec.pruning import STAGES, PruningRecipe, Stage
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Record
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan
from rcnas_zoo.workflows.machine import Machine, threads_here
from rcnas_zoo.workflows.specs import check_fits
from rcnas_zoo.zoo.entry import Entry

LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True)
class RetrainSettings:
    """What may differ from the training that is repeated.

    Attributes:
        fraction: share of the training that is done, in (0, 1]: that share of the epochs, or of the images if it comes
            to less than one epoch.
        seed: None takes the stored one.
        attacks: attacks on the test split afterwards; None takes those of the record's first measurement.

    Raises:
        InvalidInput: a value outside its range.
    """

    fraction: float = 1.0
    seed: int | None = None
    attacks: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not check_number("the fraction of the training", self.fraction, 0, 1):
            raise InvalidInput("the fraction of the training must be above 0, got 0")
        if self.seed is not None:
            check_integer("the seed", self.seed, 0, LARGEST_SEED)
        for name in self.attacks or ():
            AttackName.parse(name)


def stored_job(stored: Entry, settings: RetrainSettings, machine: Machine) -> FinalJob:
    """The training that made an entry, and the attacks that it was measured with.

    Raises:
        InvalidInput: the record tells of no training, or of one that cannot be.
        NotFound: the data are absent.
    """
    record = stored.record
    recipe, source = _recipe(record), _source(record, machine)
    dataset = source.dataset()
    check_fits(stored.spec, dataset.shape, dataset.classes)
    recipe, size = scaled(recipe, settings.fraction, len(source.splits().train), dataset.classes)
    pruning = _pruning(stored, settings.fraction)
    training = TrainingJob(
        spec=stored.spec.base if pruning and isinstance(stored.spec, PrunedSpec) else stored.spec,
        recipe=recipe,
        seed=_seed(record) if settings.seed is None else settings.seed,
        source=replace(source, train_size=size) if size else source,
        cache=machine.cache,
        device=machine.device_name(),
        threads=threads_here(),
    )
    first = record.measured[0] if record.measured else None
    threat = ThreatModel.parse(first.threat if first else recipe.threat)
    attacks = settings.attacks or (tuple(first.attacks) if first else ("pgd-20",))
    return FinalJob(record.name, training, threat, FinalPlan(attacks), pruning=pruning)


def _pruning(stored: Entry, fraction: float) -> PruningRecipe | None:
    """How a pruned network was pruned, with that share of each stage's epochs, of each at least one."""
    spec, data = stored.spec, stored.record.lineage.get("pruning")
    if not isinstance(spec, PrunedSpec) or (data is None and not isinstance(spec.kept, KeptWeights)):
        return None
    if data is None:
        raise InvalidInput(
            f"a network to retrain whose weights were pruned must have its pruning in its record, got none for "
            f"{stored.record.name!r}; use train: rcnas-zoo train ARCHITECTURE --prune METHOD"
        )
    recipe = PruningRecipe.from_dict(data)
    stages = {name: _shortened(getattr(recipe, name), fraction) for name in STAGES}
    changes: dict[str, Any] = {**stages, "training": recipe.training.with_changes(epochs=stages["pretrain"].epochs)}
    return recipe.with_changes(**changes)


def _shortened(stage: Stage, fraction: float) -> Stage:
    return Stage(max(1, round(stage.epochs * fraction)), stage.learning_rate)


def scaled(recipe: TrainingRecipe, fraction: float, images: int, classes: int) -> tuple[TrainingRecipe, int]:
    """A share of a training: fewer epochs, and below one epoch one on fewer images.

    Args:
        recipe: the whole training.
        fraction: the share, in (0, 1].
        images: of the train split.
        classes: of the data set; so many images are kept at least.

    Returns:
        The recipe, and the images to train on, 0 for all.
    """
    epochs = recipe.epochs * fraction
    if epochs >= 1:
        return recipe.with_changes(epochs=round(epochs)), 0
    return recipe.with_changes(epochs=1), max(round(epochs * images), min(classes, images))


def _recipe(record: Record) -> TrainingRecipe:
    if record.recipe is None:
        raise InvalidInput(
            f"a network to retrain must have a training recipe in its record, got none for {record.name!r} (an "
            f"architecture alone, or trained elsewhere); use train: rcnas-zoo train {record.name} --dataset DATASET"
        )
    return record.recipe


def _source(record: Record, machine: Machine) -> DataSource:
    """The images that the record tells of."""
    if not record.dataset:
        raise InvalidInput(
            f"a network to retrain must have a data set in its record, got none for {record.name!r}; "
            f"use train: rcnas-zoo train {record.name} --dataset DATASET"
        )
    check_dataset_name(record.dataset)
    size = check_integer("the train_size in a record", record.lineage.get("train_size", 0), 0)
    return DataSource(record.dataset, machine.data_root, machine.download, train_size=size)


def _seed(record: Record) -> int:
    return check_integer("the seed in a record", record.lineage.get("seed", 0), 0, LARGEST_SEED)
