"""Measure a zoo entry on the test split of a data set."""

from dataclasses import asdict, dataclass
from typing import Any

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, evaluate_job, subset
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.spec.attack import PROTOCOLS, AttackName
from rcnas_zoo.spec.canonical import canonical_json, check_choice, check_integer
from rcnas_zoo.spec.dataset import check_dataset_name, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.record import Measurement, Record
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.entry_of import entry_of
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.own_model import names_function, own_model
from rcnas_zoo.workflows.specs import check_fits
from rcnas_zoo.zoo.loading import load_model


@dataclass(frozen=True)
class EvaluateSettings:
    """What is asked of a network.

    Attributes:
        attacks: attack names.
        threat: threat model; None takes the one it was trained against, else the data set's default.
        dataset: data set; None takes the one it was trained for.
        samples: a fixed, seeded choice of that many test images; 0 takes all.
        seed: seed of that choice and of the attacks.
        track: keep the evaluation as an MLflow run.
        protocol: how ``pgd-N`` and ``cw-N`` climb: ``default``, ``rrn`` or ``rdnas``.
    """

    attacks: tuple[str, ...] = ("pgd-20",)
    threat: ThreatModel | None = None
    dataset: str | None = None
    samples: int = 0
    seed: int = 0
    track: bool = False
    protocol: str = "default"

    def __post_init__(self) -> None:
        check_integer("the samples", self.samples, 0)
        check_integer("the seed", self.seed, 0, 2**31 - 1)
        check_choice("a protocol", self.protocol, PROTOCOLS)
        for name in self.attacks:
            AttackName.parse(name)


@dataclass(frozen=True)
class Evaluation:
    """A measured network: what it is called, the numbers, the seconds that the attacks took, and the run if any."""

    model: str
    measurement: Measurement
    seconds: float
    run_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo evaluate --json` prints it."""
        return {"model": self.model, **asdict(self.measurement), "seconds": self.seconds, "run_id": self.run_id}


def evaluate_entry(
    model: str, settings: EvaluateSettings, machine: Machine | None = None, observer: Observer | None = None
) -> Evaluation:
    """Attack a network on test images.

    Args:
        model: a zoo name, an entry folder, or ``FILE.py:FUNCTION``, which gives a network of the user's own.
        settings: what is asked.
        machine: where it runs.
        observer: who watches.

    Raises:
        InvalidInput: no data set known, or one that does not fit the network; or the user's function fails.
        NotFound: the entry, its weights or the data are absent.
        IntegrityError: the entry is damaged.
    """
    machine = machine or Machine()
    entry = None if names_function(model) else entry_of(model, machine)
    name, threat = _data_and_threat(model, entry.record if entry else None, settings)
    device = machine.device_name()
    network = load_model(entry, device) if entry else own_model(model, device)
    dataset = DataSource(name, machine.data_root, machine.download).dataset()
    if entry:
        check_fits(entry.spec, dataset.shape, dataset.classes)
    test = dataset.test()
    images = subset(test, settings.samples, settings.seed) if settings.samples else test
    job = AttackJob(settings.attacks, threat, settings.seed, machine.cache, available_cores(), settings.protocol)
    watched = (observer or Silent(), f"attacking {model}")
    # Of the user's own code, weights alone do not tell what it computes, so its verdicts are not kept.
    report = (
        evaluate_cached(network, entry.spec, images, job, *watched)
        if entry
        else evaluate_job(network, images, job, job.threads, *watched)
    )
    measurement = report.to_measurement(name, "test", images.digest)
    run_id = _track(model, measurement, report) if settings.track else None
    return Evaluation(model, measurement, report.seconds, run_id)


def _data_and_threat(model: str, record: Record | None, settings: EvaluateSettings) -> tuple[str, ThreatModel]:
    name = settings.dataset or (record.dataset if record else "")
    if not name:
        raise InvalidInput(f"a data set must be given for {model!r}, of which no record names one; add --dataset")
    check_dataset_name(name)
    if settings.threat is not None:
        return name, settings.threat
    own = record.threat if record and name == record.dataset else ""
    return name, ThreatModel.parse(own) if own else default_threat(name)


def _track(model: str, measurement: Measurement, report: EvaluationReport) -> str:
    names = ("dataset", "threat", "samples", "seed")
    parameters = {"model": model, **{name: getattr(measurement, name) for name in names}}
    with open_run(current_store(), "evaluate", f"evaluate {model}", parameters, {}) as run:
        numbers = {"test.clean": report.clean_accuracy, "test.robust": report.robust_accuracy}
        run.metrics(numbers | {f"test.{name}": value for name, value in report.attacks.items()}, 0)
        run.artifact("measured.json", canonical_json(asdict(measurement)))
        return run.id


def evaluation_text(evaluation: Evaluation) -> str:
    """The numbers for people."""
    found = evaluation.measurement
    rows = [
        ["clean", percent(found.clean_accuracy)],
        *([n, percent(a)] for n, a in found.attacks.items() if n != "clean"),
    ]
    low, high = found.interval
    lines = [
        f"{evaluation.model} on {found.samples} test images of {found.dataset}, "
        f"threat {found.threat}, seed {found.seed}",
        "",
        render_table(["attack", "accuracy"], rows),
        "",
        f"robust accuracy {percent(found.robust_accuracy)} (95 % interval {percent(low)} to {percent(high)})",
        *(f"warning: {flag}" for flag in found.flags),
        f"took {evaluation.seconds:.1f} s",
    ]
    return "\n".join(lines)
