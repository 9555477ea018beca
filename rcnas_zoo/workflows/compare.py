"""Two networks on the same test images under the same attacks, image by image."""

from dataclasses import dataclass, replace
from typing import Any

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.paired import Paired, compare_verdicts
from rcnas_zoo.evaluation.report import EvaluationReport, worst_case
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.workflows.comparison import WORST
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.question import Question, ask
from rcnas_zoo.workflows.subject import Subject, find_subject


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two networks that were asked the same question.

    Attributes:
        model_a, model_b: what they are called.
        dataset: whose test images they saw.
        from_a: of ``dataset`` and ``threat``, what was not asked for and follows network a.
        report_a, report_b: verdicts of each, image by image.
        comparisons: ``clean``, then each attack in the order asked for, then ``worst case`` over all of these, to the
            verdicts side by side. An attack without a verdict for every image and network is not here.
        left_out: the attacks that are not there.
    """

    model_a: str
    model_b: str
    dataset: str
    from_a: tuple[str, ...]
    report_a: EvaluationReport
    report_b: EvaluationReport
    comparisons: dict[str, Paired]
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo compare --json` prints it.

        ``won`` and ``lost`` hold the places of the images that A or B alone gets right: indices from 0 into the images
        that were evaluated, which with ``samples`` are the chosen ones, in the order of the test split.
        """
        report = self.report_a
        return {
            "model_a": self.model_a,
            "model_b": self.model_b,
            "dataset": self.dataset,
            "threat": str(report.threat),
            "seed": report.seed,
            "samples": report.samples,
            "from_a": list(self.from_a),
            "left_out": list(self.left_out),
            "flags": {"a": list(report.flags), "b": list(self.report_b.flags)},
            "comparisons": {name: _paired_dict(found) for name, found in self.comparisons.items()},
        }


def _paired_dict(found: Paired) -> dict[str, Any]:
    names = ("both", "only_a", "only_b", "neither", "difference", "p_value")
    numbers = {name: getattr(found, name) for name in names}
    return {**numbers, "interval": list(found.interval), "won": found.won.tolist(), "lost": found.lost.tolist()}


def compare(
    a: str, b: str, settings: EvaluateSettings, machine: Machine | None = None, observer: Observer | None = None
) -> Comparison:
    """Asks two networks the same question and compares their answers.

    Kept verdicts are used as in `evaluate_entry`. Whether both networks take the images is seen before any attack.

    Args:
        a: a zoo name, an entry folder or ``FILE.py:FUNCTION``.
        b: another, or the same.
        settings: what is asked of both. A data set and a threat that are None are those of a. Nothing is tracked.
        machine: where it runs.
        observer: who watches.

    Raises:
        InvalidInput: no data set known, networks of different data sets and none asked for, or one that does not fit;
            or the user's function fails.
        NotFound: an entry, its weights or the data are absent.
        IntegrityError: an entry is damaged.
    """
    machine, watcher = machine or Machine(), observer or Silent()
    subject_a, subject_b = find_subject(a, machine), find_subject(b, machine)
    if settings.dataset is None:
        _check_same_data(subject_a, subject_b)
    first = ask(subject_a, settings, machine)
    _check_takes(first)
    second = _ask_alike(first, subject_b, settings, machine)
    report_a, report_b = first.answer(watcher), second.answer(watcher)
    comparisons = _side_by_side(report_a, report_b, settings.attacks)
    from_a = tuple(name for name in ("dataset", "threat") if getattr(settings, name) is None)
    left_out = tuple(name for name in dict.fromkeys(settings.attacks) if name not in comparisons)
    return Comparison(a, b, first.dataset, from_a, report_a, report_b, comparisons, left_out)


def _check_same_data(a: Subject, b: Subject) -> None:
    if a.dataset and b.dataset and a.dataset != b.dataset:
        raise InvalidInput(
            f"networks to compare must be of one data set, got {a.text!r} of {a.dataset} and {b.text!r} of "
            f"{b.dataset}; choose one with --dataset"
        )


def _check_takes(question: Question) -> None:
    """Raise InvalidInput unless the network takes an image of the highest class there is."""
    network, images = question.subject.network, question.images
    one = images.select([int(images.labels.argmax())])
    with untouched(network):
        check_inputs(network, one.floats(), one.labels)


def _ask_alike(first: Question, subject: Subject, settings: EvaluateSettings, machine: Machine) -> Question:
    """The same question of another network."""
    alike = replace(settings, dataset=first.dataset, threat=first.job.threat)
    try:
        question = ask(subject, alike, machine)
        _check_takes(question)
    except InvalidInput as error:
        raise InvalidInput(
            f"{subject.text!r} must take the images of {first.dataset} as {first.subject.text!r} does, but {error}"
        ) from error
    return question


def _side_by_side(a: EvaluationReport, b: EvaluationReport, attacks: tuple[str, ...]) -> dict[str, Paired]:
    names = [name for name in dict.fromkeys(["clean", *attacks]) if name in a.verdicts and name in b.verdicts]
    found = {name: compare_verdicts(a.verdicts[name], b.verdicts[name]) for name in names}
    worst_a, worst_b = (worst_case({name: report.verdicts[name] for name in names}) for report in (a, b))
    return {**found, WORST: compare_verdicts(worst_a, worst_b)}
