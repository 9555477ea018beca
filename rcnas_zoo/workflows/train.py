"""Train one network adversarially and write it as a complete zoo entry."""

import re
from dataclasses import dataclass
from pathlib import Path

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import canonical_json, check_integer
from rcnas_zoo.spec.dataset import dataset_slug, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent, Together
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.tracking.observer import RunObserver
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan, metrics_on_test, refuse_diverged, run_final
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.recipes import final_recipe, with_objective
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.settings import with_epochs
from rcnas_zoo.workflows.specs import spec_for
from rcnas_zoo.zoo.entry import Entry
from rcnas_zoo.zoo.names import check_name
from rcnas_zoo.zoo.writing import write_entry


@dataclass(frozen=True)
class TrainSettings:
    """What decides the weights, apart from the network and the data set.

    Attributes:
        objective: ``clean``, ``sat`` or ``trades``.
        threat: threat model; None takes the data set's default.
        epochs: 0 takes the recipe's own.
        seed: seed of initialisation, order, augmentation and attacks.
        attacks: attacks on the test split afterwards.
    """

    objective: str = "trades"
    threat: ThreatModel | None = None
    epochs: int = 0
    seed: int = 0
    attacks: tuple[str, ...] = ("pgd-20",)

    def __post_init__(self) -> None:
        check_integer("the epochs", self.epochs, 0)
        check_integer("the seed", self.seed, 0, 2**31 - 1)
        for name in self.attacks:
            AttackName.parse(name)


def train(
    network: str,
    dataset: str,
    to: Path,
    settings: TrainSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
) -> Entry:
    """Train a network, measure it on the test split, and write the entry folder ``to``.

    Args:
        network: an architecture's name, a spec file, an entry folder or a zoo name.
        dataset: a data set's name.
        to: the folder to make; it must not exist.
        settings: what decides the weights.
        machine: where it runs.
        observer: who watches.

    Raises:
        InvalidInput: unknown names, settings out of range, or ``to`` exists.
        NotFound: data or network are absent.
        Unavailable: tracking store, cache or disk cannot be used, or the training diverged.
    """
    settings, machine = settings or TrainSettings(), machine or Machine()
    if to.exists():
        raise InvalidInput(f"the folder for the entry must not exist, got {str(to)!r}; name another with --to")
    check_name(to.name)
    job = _job(network, dataset, settings, machine)
    spec, recipe = job.training.spec, job.training.recipe
    asked = {"network": network, "dataset": dataset, "seed": settings.seed}
    parameters = {**asked, "recipe": canonical_json(recipe.to_dict())}
    with open_run(current_store(), "train", f"train {network} on {dataset}", parameters) as run:
        result = run_final(job, Together([observer or Silent(), RunObserver(run)]))
        refuse_diverged(result)
        run.metrics(metrics_on_test(result), 0)
        record = new_record(
            to.name,
            spec,
            dataset=dataset,
            recipe=recipe,
            measured=result.measured,
            lineage={"network": Path(network).name, "seed": settings.seed, "run_id": run.id},
        )
        entry = write_entry(to, spec, record, train_cached(job.training).best)
        run.folder(entry.folder, "entry")
    return entry


def _job(network: str, dataset: str, settings: TrainSettings, machine: Machine) -> FinalJob:
    source = DataSource(dataset, machine.data_root, machine.download)
    threat = settings.threat or default_threat(dataset)
    recipe = with_objective(final_recipe(source.dataset(), threat), settings.objective)
    training = TrainingJob(
        spec=spec_for(network, source.dataset()),
        recipe=with_epochs(recipe, settings.epochs),
        seed=settings.seed,
        source=source,
        cache=machine.cache,
        device=machine.device_name(),
        threads=available_cores(),
    )
    return FinalJob("the network", training, threat, FinalPlan(settings.attacks))


def default_folder(network: str, dataset: str) -> Path:
    """``./NAME-DATASET``: the network's name without folder, file ending, alias and version."""
    name = re.split("[@:]", Path(network).name.removesuffix(".json"))[0]
    return Path(f"{name}-{dataset_slug(dataset)}")
