"""The section on what the parts of the agent are worth."""

import torch
from report_text import machine_line, paragraph, table
from results import Results
from torch import Tensor

from rcnas_zoo.search.significance import bootstrap_interval

FULL = "full"


def section(results: Results) -> str:
    """A row for each variant."""
    seeds, searches = len(results.find(variant=FULL)), results.rows[0]["searches"]
    tasks = len(next(iter(results.rows[0]["found"].values())))
    text = paragraph(
        f"Every variant of the agent was meta-trained from {seeds} seeds on the first half of the digits oracle, and "
        f"then searched {tasks} held-out tasks with {searches} seeds each and 30 queries; alone (the policy draws, and "
        "nothing ranks its draws), and with the surrogate of its evaluations. In brackets the difference to the full "
        "agent with its 95 % interval, bootstrapped over tasks; it says nothing of other trainings. Less is better."
    )
    metrics = list(results.rows[0]["found"])
    variants = list(dict.fromkeys(row["variant"] for row in results.rows))
    rows = [[variant, *(_cell(results, variant, metric) for metric in metrics)] for variant in variants]
    figures = table(["agent", *metrics], rows)
    return "\n".join(["## What the parts of the agent are worth\n", text, machine_line(results.machine), figures])


def _cell(results: Results, variant: str, metric: str) -> str:
    own = _by_task(results, variant, metric)
    if variant == FULL:
        return f"{float(own.mean()):.3f}"
    difference = own - _by_task(results, FULL, metric)
    low, high = bootstrap_interval(difference)
    return f"{float(own.mean()):.3f} ({float(difference.mean()):+.3f}, {low:+.3f} to {high:+.3f})"


def _by_task(results: Results, variant: str, metric: str) -> Tensor:
    rows = sorted(results.find(variant=variant), key=lambda row: row["seed"])
    return torch.tensor([row["found"][metric] for row in rows], dtype=torch.float64).mean(0)
