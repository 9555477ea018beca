"""The plan of a benchmark for people."""

from rcnas_zoo.spec.tables import render_table
from rcnas_zoo.workflows.benchmarking.planning.plan import BenchmarkPlan

HEADER = ("method", "trained", "attacked", "minutes a seed", "minutes", "memory")


def plan_text(plan: BenchmarkPlan) -> str:
    """A line for each row, the rows that cannot be, the whole, and what the numbers leave out."""
    feasible = [row for row in plan.rows if not row.infeasible]
    lines = []
    for row in feasible:
        trained, attacked = plan.networks(row)
        times = (row.seconds / 60, row.seconds * len(plan.seeds) / 60)
        lines.append([row.method, trained, attacked, *(f"{minutes:.2f}" for minutes in times), _size(row.peak_bytes)])
    seeds, minutes = len(plan.seeds), plan.seconds / 60
    return "\n".join(
        [
            f"task {plan.task}, threat {plan.threat}: {len(plan.rows)} methods, {seeds} seeds, trials: {plan.trials}",
            "",
            render_table(HEADER, lines),
            *(f"{row.method}: infeasible: {row.infeasible}" for row in plan.rows if row.infeasible),
            "",
            f"teachers of the searches, before all rows: {plan.teacher_seconds / 60:.2f} minutes a seed",
            f"in all: {minutes:.1f} minutes of one worker on {plan.device}; what rows share is counted once",
            f"with {plan.workers} workers: about {_span(plan.wall_seconds)}, and up to "
            f"{_size(plan.peak_bytes * plan.workers)} of memory ({_size(plan.peak_bytes)} each)",
            "Measured here just now, on updates and passes of these networks. What the cache holds is counted as if it "
            "were not there; searches go by their first proposals, attacks by images that mostly stand.",
            *(f"note: {note}" for note in plan.notes),
        ]
    )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _span(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
