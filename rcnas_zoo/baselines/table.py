"""All rows of a benchmark with their tests, and the columns that every form of the table shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rcnas_zoo.baselines.lint import row_contradictions
from rcnas_zoo.baselines.rows import Row, attack_columns, radius_columns
from rcnas_zoo.baselines.statistics import Estimate, SeedTest, holm, seed_test

TESTED = ("clean", "robust")
FIRST = "rc-nas"
"""The row that the others are tested against, if it is there."""


@dataclass(frozen=True)
class BenchmarkTable:
    """What a benchmark on one task came to.

    Attributes:
        task, threat: as texts.
        budget: MACs of one image.
        seeds: of every row.
        trials: of every study.
        rows: in the order that was asked for.
        notes: what a reader should know.
        settings: what all rows share, plain JSON data: ``training`` and ``search`` with objective, epochs, images and
            recipe, the searches' ``visits``, policy, device, version. Empty if nobody says.
    """

    task: str
    threat: str
    budget: int
    seeds: tuple[int, ...]
    trials: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> list[Row]:
        """The rows with results."""
        return [row for row in self.rows if row.results]

    @property
    def infeasible(self) -> dict[str, str]:
        """Method to the reason why it has no results."""
        return {row.method: row.infeasible for row in self.rows if row.infeasible}

    @property
    def attacks(self) -> list[str]:
        """The attacks that any network was measured under."""
        return attack_columns(self.rows)

    @property
    def radii(self) -> list[str]:
        """The threats of the curves that all measured rows share, ascending."""
        return radius_columns(self.rows)

    @property
    def contradictions(self) -> list[str]:
        """Numbers that cannot all be right; see `row_contradictions`."""
        return row_contradictions(self.rows)

    @property
    def flags(self) -> dict[str, list[str]]:
        """Reasons to doubt the numbers, each with the networks that it is said of."""
        found: dict[str, list[str]] = {}
        for row in self.measured:
            for result in row.results:
                for flag in result.flags:
                    found.setdefault(flag, []).append(f"{row.method}, seed {result.seed}")
        return found

    @property
    def tests(self) -> list[SeedTest]:
        """``rc-nas``, or else the first measured row, against every other, over the seeds that both have.

        Their p-values are adjusted for how many there are of an accuracy.
        """
        rows = self.measured
        first = next((row for row in rows if row.method == FIRST), rows[0] if rows else None)
        found = [(first, other, _pairs(first, other)) for other in rows if first is not None and other is not first]
        return [
            test
            for metric in TESTED
            for test in holm(
                [
                    seed_test(a.method, b.method, metric, [pair[metric] for pair in pairs])
                    for a, b, pairs in found
                    if pairs and metric in a.accuracies and metric in b.accuracies
                ]
            )
        ]

    @property
    def remarks(self) -> list[str]:
        """The notes, and which rows are twins."""
        return [*self.notes, *self.twins]

    @property
    def twins(self) -> list[str]:
        """Rows that are the same trained networks under other names, as ``teacher`` and the recipe's objective are.

        Searches that end at the same networks are no twins.
        """
        rows = [row for row in self.measured if not any(result.search.visits for result in row.results)]
        return [
            f"{b.method} is the same networks as {a.method}, trained in the same way: one row under two names"
            for number, a in enumerate(rows)
            for b in rows[number + 1 :]
            if a.same_as(b)
        ]

    def to_dict(self) -> dict[str, Any]:
        """What `rcnas-zoo benchmark --task --json` prints."""
        return {
            "task": self.task,
            "threat": self.threat,
            "budget": self.budget,
            "seeds": list(self.seeds),
            "trials": self.trials,
            "rows": [row.to_dict() for row in self.rows],
            "tests": [test.to_dict() for test in self.tests],
            "radii": self.radii,
            "contradictions": self.contradictions,
            "notes": self.remarks,
            "settings": dict(self.settings),
        }


@dataclass(frozen=True)
class Column:
    """A column of the table: its title, and what it says of a measured row."""

    title: str
    cell: Callable[[Row], str]


def columns(
    table: BenchmarkTable, show: Callable[[Estimate], str], in_short: Callable[[Estimate], str] | None = None
) -> list[Column]:
    """The columns of a table.

    Args:
        table: decides which attacks there are.
        show: an accuracy as text.
        in_short: the same of all but the worst case; as that by default.
    """
    shown = {"robust": show}
    accuracies = ["clean", *table.attacks, "robust"]
    return [
        Column("method", lambda row: row.method + (" (over budget)" if row.over_budget else "")),
        Column("parameters", lambda row: f"{row.mean('parameters'):,.0f}"),
        Column("MACs", _macs),
        *[Column(name, partial(_accuracy, name=name, show=shown.get(name, in_short or show))) for name in accuracies],
        Column("evaluations", lambda row: f"{row.mean('evaluations'):.0f}"),
        Column("minutes", lambda row: f"{row.mean('seconds') / 60:.1f}"),
    ]


def _macs(row: Row) -> str:
    """Of a pruned network the effective ones, and of how many."""
    counted, nominal = (f"{row.mean(name) / 1e6:,.2f} M" for name in ("macs", "nominal_macs"))
    return counted if counted == nominal else f"{counted} of {nominal}"


def _accuracy(row: Row, name: str, show: Callable[[Estimate], str]) -> str:
    return show(row.estimate(name)) if name in row.accuracies else "-"


def _pairs(a: Row, b: Row) -> list[Mapping[str, tuple[float, float]]]:
    """Metric to both accuracies, for each seed that both rows have."""
    theirs = {result.seed: number for number, result in enumerate(b.results)}
    both = [(number, theirs[result.seed]) for number, result in enumerate(a.results) if result.seed in theirs]
    values = {metric: (a.values(metric), b.values(metric)) for metric in TESTED}
    return [{metric: (mine[i], other[j]) for metric, (mine, other) in values.items()} for i, j in both]


def best_of(rows: Sequence[Row], name: str) -> float | None:
    """The highest mean of an accuracy among the rows that meet the budget; None if there is none."""
    known = (row for row in rows if name in row.accuracies and not row.over_budget)
    return max((row.estimate(name).mean for row in known), default=None)
