"""A benchmark for people: on a terminal, and as Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rcnas_zoo.oracles.kernel import FOLDS
from rcnas_zoo.oracles.landscape import RULE_REGRET
from rcnas_zoo.search.answers import FITTED, NEAREST
from rcnas_zoo.search.significance import PairedTest
from rcnas_zoo.search.standings import Standing
from rcnas_zoo.spec.tables import percent, render_markdown, render_table
from rcnas_zoo.workflows.benchmark_report import BenchmarkReport, Surveyed

_LANDSCAPE = ("kind", "task", "networks", "best", "95 %", "median", "near best", "smallest", "largest")
_TESTS = ("against", "metric", "effect", "95 % interval", "p", "sign test p", "better on", "worse on")


@dataclass(frozen=True)
class _Section:
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str]


def benchmark_text(report: BenchmarkReport) -> str:
    """The tasks, what was dropped, the methods and the tests."""
    lines = [_headline(report)]
    for section in _sections(report):
        lines += ["", section.title, "", render_table(section.header, section.rows)]
        lines += ["", *section.notes] if section.notes else []
    return "\n".join(lines)


def benchmark_markdown(report: BenchmarkReport) -> str:
    """The same as a page of Markdown, the methods first."""
    tasks, methods, *tests = _sections(report)
    lines = [f"# {_headline(report)}"]
    for section in (methods, *tests, tasks):
        lines += ["", f"## {section.title}", "", render_markdown(section.header, section.rows)]
        lines += ["", *section.notes]
    return "\n".join([*lines, ""])


def _headline(report: BenchmarkReport) -> str:
    settings, seeds = report.settings, len(report.settings.seeds)
    return (
        f"Oracle {report.oracle}: {len(report.kept)} held-out tasks, {settings.queries} queries, {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'}, reward {settings.reward.form}"
        + (f", answers {settings.answers}" if settings.answers != NEAREST else "")
    )


def _sections(report: BenchmarkReport) -> list[_Section]:
    found = [_landscapes(report), _methods(report)]
    tests = report.tests()
    return [*found, _tests(tests)] if tests else found


def _landscapes(report: BenchmarkReport) -> _Section:
    notes = [
        "near best: share of the networks within 5 % of the best reward. smallest, largest: simple regret of these two",
        f"networks within the budget, without any search; where one is below {RULE_REGRET:g}, the task is dropped.",
        *(f"dropped: {one.task.kind} {one.task}: {one.dropped}" for one in report.dropped),
    ]
    notes += [*_tau_notes(report.taus)] if report.taus else []
    header = (*_LANDSCAPE, "tau") if report.taus else _LANDSCAPE
    return _Section("Tasks", header, [_landscape_row(one) for one in report.kept], notes)


def _tau_notes(taus: Sequence[float]) -> Iterator[str]:
    yield "tau: Kendall's, of the accuracies of the table's networks and what the model says of each when it is fitted"
    yield f"on the others ({FOLDS} folds): {min(taus):.2f} to {max(taus):.2f}."


def _landscape_row(one: Surveyed) -> list[object]:
    found = one.landscape
    numbers = [f"{value:.3f}" for value in (found.best, found.high, found.median)]
    regrets = [f"{value:.2f}" for value in (found.smallest, found.largest)]
    tau = [] if one.tau is None else [f"{one.tau:.2f}"]
    return [one.task.kind, str(one.task), found.feasible, *numbers, percent(found.near), *regrets, *tau]


def _methods(report: BenchmarkReport) -> _Section:
    parts = {kind: report.standings(kind) for kind in report.kinds}
    columns = parts if len(parts) > 1 else {}
    header = ["method", "simple regret", "queries to 95 %", "hit rate", *columns]
    rows = [
        [*_standing_cells(name, found), *(_regret(part[name]) for part in columns.values())]
        for name, found in report.standings().items()
    ]
    empty = ["infeasible", *["-"] * (len(header) - 2)]
    rows += [[name, *empty] for name in report.infeasible]
    return _Section("Methods", header, rows, list(_method_notes(report, bool(columns))))


def _method_notes(report: BenchmarkReport, split: bool) -> Iterator[str]:
    missed = report.settings.queries + 1
    yield "Simple regret: (best - found) / (best - median), mean and standard error over the tasks; 0 is perfect, 1 a"
    yield "median network. Queries to 95 %: median number of queries until a network is at or above the 95th percentile"
    yield f"of rewards; a search that never gets there counts as {missed}, and the hit rate is the share of the others."
    if report.settings.answers == FITTED:
        yield "Best and median are the table's: a regret below 0 means that the model promises more than any network of"
        yield f"the table has. {percent(report.below_zero)} of the searches end there."
        if report.policy.facts:
            yield "note: the whole space is searched, also the networks that the policy was trained on."
    if split:
        yield "The last columns are the simple regret by what is new about the task."
    for note in report.policy.notes:
        yield f"note: {note}"
    for name, reason in report.infeasible.items():
        yield f"{name}: infeasible: {reason}"


def _standing_cells(name: str, found: Standing) -> list[object]:
    return [name, _regret(found), f"{found.median_to_95:g}", percent(found.hit_rate)]


def _regret(found: Standing) -> str:
    return f"{found.regret:.3f} ± {found.regret_error:.3f}"


def _tests(tests: Sequence[PairedTest]) -> _Section:
    notes = [
        f"Effect: mean of {tests[0].a} less that of the other, below 0 where {tests[0].a} is better; its interval is a",
        "bootstrap over the tasks, p of Wilcoxon's signed-rank test over the tasks, two-sided.",
    ]
    return _Section(f"{tests[0].a} against the others", _TESTS, [_test_row(test) for test in tests], notes)


def _test_row(test: PairedTest) -> list[object]:
    low, high = test.interval
    interval = f"{low:+.3f} to {high:+.3f}"
    chances = [f"{value:.2g}" for value in (test.p_value, test.sign_p_value)]
    return [test.b, test.metric, f"{test.effect:+.3f}", interval, *chances, test.wins, test.losses]
