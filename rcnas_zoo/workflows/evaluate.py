"""Measure a network on the test split of a data set."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rcnas_zoo.evaluation.classes import class_results, clean_confusion, robust_confusion
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.curve import CurvePoint, security_curve
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.question import ask
from rcnas_zoo.workflows.report_folder import check_new, write_report
from rcnas_zoo.workflows.subject import find_subject


@dataclass(frozen=True)
class Evaluation:
    """A measured network.

    Attributes:
        model: what it is called.
        measurement: the numbers.
        seconds: what the attacks took.
        run_id: the run that keeps it, if any.
        report: verdicts image by image.
        curve: accuracies over the radius, if radii were asked for.
        folder: where the report lies, if it was asked for.
        linted: whether it was looked for signs that the numbers deceive.
    """

    model: str
    measurement: Measurement
    seconds: float
    run_id: str | None
    report: EvaluationReport = field(compare=False, repr=False)
    curve: tuple[CurvePoint, ...] = ()
    folder: Path | None = None
    linted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo evaluate --json` prints it."""
        return {
            "model": self.model,
            **asdict(self.measurement),
            "estimate": asdict(self.report.estimate) if self.report.estimate else None,
            "per_class": [asdict(result) for result in class_results(self.report)],
            "confusion": {
                "clean": clean_confusion(self.report).tolist(),
                "robust": robust_confusion(self.report).tolist(),
            },
            "curve": [asdict(point) for point in self.curve],
            "folder": str(self.folder) if self.folder else None,
            "seconds": self.seconds,
            "run_id": self.run_id,
        }


def evaluate_entry(
    model: str,
    settings: EvaluateSettings,
    machine: Machine | None = None,
    observer: Observer | None = None,
    to: Path | None = None,
) -> Evaluation:
    """Attack a network on test images.

    Verdicts are kept batch by batch: what was cut off goes on where it stopped (of the user's own code only with
    ``settings.resume``).

    Args:
        model: a zoo name, an entry folder, or ``FILE.py:FUNCTION``, which gives a network of the user's own.
        settings: what is asked.
        machine: where it runs.
        observer: who watches.
        to: a new folder for a report (see `write_report`); None for none.

    Raises:
        InvalidInput: no data set known, or one that does not fit the network; or the user's function fails.
        NotFound: the entry, its weights or the data are absent.
        IntegrityError: the entry is damaged, or the evaluation to resume is of something else.
    """
    machine, watcher = machine or Machine(), observer or Silent()
    if to is not None:
        check_new(to)
    question = ask(find_subject(model, machine), settings, machine)
    report = question.answer(watcher)
    measurement = report.to_measurement(question.dataset, "test", question.images.digest)
    curve = security_curve(question, report, settings.radii, watcher)
    run_id = _track(model, measurement, report) if settings.track else None
    evaluation = Evaluation(model, measurement, report.seconds, run_id, report, curve, to, settings.lint)
    if to is not None:
        write_report(to, evaluation.to_dict(), question, report, curve)
    return evaluation


def _track(model: str, measurement: Measurement, report: EvaluationReport) -> str:
    names = ("dataset", "threat", "samples", "seed")
    parameters = {"model": model, **{name: getattr(measurement, name) for name in names}}
    with open_run(current_store(), "evaluate", f"evaluate {model}", parameters, {}) as run:
        numbers = {"test.clean": report.clean_accuracy, "test.robust": report.robust_accuracy}
        run.metrics(numbers | {f"test.{name}": value for name, value in report.attacks.items()}, 0)
        run.artifact("measured.json", canonical_json(asdict(measurement)))
        return run.id
