"""An evaluation for people."""

from rcnas_zoo.evaluation.classes import ClassResult, class_results
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.workflows.curve import CurvePoint
from rcnas_zoo.workflows.evaluate import Evaluation

WEAKEST = 3


def evaluation_text(evaluation: Evaluation) -> str:
    """The numbers, the weakest classes, and every reason to doubt."""
    found = evaluation.measurement
    attacks = [[name, percent(value)] for name, value in found.attacks.items() if name != "clean"]
    lines = [
        f"{evaluation.model} on {found.samples} test images of {found.dataset}, "
        f"threat {found.threat}, seed {found.seed}",
        "",
        render_table(["attack", "accuracy"], [["clean", percent(found.clean_accuracy)], *attacks]),
        "",
        _robust_line(evaluation.report),
        *_class_lines(evaluation.report),
        *_curve_lines(evaluation.curve),
        *(f"warning: {flag}" for flag in found.flags),
        *(
            f"warning at {point.threat}: {flag}"
            for point in evaluation.curve
            for flag in point.flags
            if flag not in found.flags
        ),
        *(["lint: nothing found"] if evaluation.linted and not found.flags else []),
        *([f"report in {evaluation.folder}"] if evaluation.folder else []),
        f"took {evaluation.seconds:.1f} s",
    ]
    return "\n".join(lines)


def _robust_line(report: EvaluationReport) -> str:
    low, high = (percent(end) for end in report.interval)
    told = f"robust accuracy {percent(report.robust_accuracy)} (95 % interval {low} to {high})"
    sample = report.estimate
    if sample is None:
        return told
    return f"{told}, estimated: {sample.attack} ran on {sample.drawn} of the {sample.standing} images that stood"


def _curve_lines(curve: tuple[CurvePoint, ...]) -> list[str]:
    if not curve:
        return []
    names = list(curve[0].attacks)
    rows = [[point.threat, *(_cell(point, name) for name in names), percent(point.robust_accuracy)] for point in curve]
    return ["", render_table(["threat", *names, "worst case"], rows), ""]


def _cell(point: CurvePoint, name: str) -> str:
    return percent(point.attacks[name]) if name in point.attacks else "-"


def _class_lines(report: EvaluationReport) -> list[str]:
    """The classes of which the smallest share stands."""
    if report.predictions.keys() == {"clean"}:
        return []
    results = [result for result in class_results(report) if result.samples]
    if len(results) <= WEAKEST:
        return []
    weakest = sorted(results, key=lambda result: result.robust_accuracy or 0.0)[:WEAKEST]
    return [f"weakest classes: {', '.join(_class_text(result) for result in weakest)}"]


def _class_text(result: ClassResult) -> str:
    clean, robust = percent(result.clean_accuracy or 0.0), percent(result.robust_accuracy or 0.0)
    return f"{result.label} ({robust} of {result.samples}, clean {clean})"
