"""A fine-tuning result for people, and as plain JSON data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.search import SearchResult
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.workflows.finals import FinalResult
from rcnas_zoo.workflows.finetune import FinetuneResult
from rcnas_zoo.workflows.settings import COLD, RIVALS, RULE

TITLES = {
    "searched": "searched network",
    "teacher": "teacher",
    RULE: "RobustResNet rule",
    **{name: f"best of {name}" for name in RIVALS},
    COLD: "best of the cold search",
    "random": "best of random specs",
}
_VISITED = {COLD: "networks of an agent without a policy", "random": "random specs"}


def result_to_dict(result: FinetuneResult) -> dict[str, Any]:
    """What `rcnas-zoo finetune --json` prints."""
    return {
        "task": str(result.task),
        "seed": result.settings.seed,
        "run_id": result.run_id,
        "tracking_uri": result.store_uri,
        "threat": str(result.problem.threat),
        "spec": result.spec.to_dict(),
        "digest": result.spec.digest,
        "rewards": result.search.rewards,
        "visited": len(result.search.visits),
        "distinct": result.search.distinct,
        "teacher_accuracy": result.problem.teacher.accuracy,
        "rows": [_row_to_dict(row) for row in result.rows],
        "infeasible": result.infeasible,
        "policy": dict(result.policy) if result.policy else None,
        "random": rival_verdict(result, "random", "random"),
        "cold": rival_verdict(result, COLD, "cold"),
        "rivals": {name: rival_verdict(result, name, "rival") for name in result.rivals},
        "registered": {
            "name": result.published.name,
            "version": result.published.version,
            "aliases": list(result.published.aliases),
        },
        "verified": result.verified,
        "notes": list(result.notes),
        "seconds": result.seconds,
    }


def _row_to_dict(row: FinalResult) -> dict[str, Any]:
    price = cost(row.spec)
    return {
        "method": row.method,
        "digest": row.spec.digest,
        "parameters": price.parameters,
        "macs": price.macs,
        "diverged": row.diverged,
        "measured": [asdict(measured) for measured in row.measured],
    }


def rival_verdict(result: FinetuneResult, method: str, word: str) -> dict[str, Any] | None:
    """Whether the search beat another of as many visits, by reward and on the test split; None if not compared.

    Args:
        result: the run.
        method: the other search.
        word: what its fields are called by.
    """
    rival = result.rivals.get(method)
    if rival is None:
        return None
    rows = {row.method: row.measured[0].robust_accuracy for row in result.rows}
    found, theirs = _best_reward(result.search), _best_reward(rival)
    return {
        "visited": len(rival.visits),
        "distinct": rival.distinct,
        "searched_reward": found,
        f"{word}_reward": theirs,
        f"search_beat_{word}": found > theirs,
        "searched_test_accuracy": rows["searched"],
        f"{word}_test_accuracy": rows[method],
    }


def _best_reward(search: SearchResult) -> float:
    assert search.best is not None  # a run without a trained network does not come to its end
    return search.best.outcome.reward


def summary_text(result: FinetuneResult) -> str:
    """The comparison table, what was visited, and what was registered."""
    lines = [
        f"task {result.task}, threat {result.problem.threat}, seed {result.settings.seed}, {_agent_text(result)}",
        "",
        comparison_table(result.rows),
        "",
        *(f"{TITLES[method]}: infeasible: {reason}" for method, reason in result.infeasible.items()),
        f"visited {len(result.search.visits)} networks, {result.search.distinct} of them distinct; best reward "
        f"{_best_reward(result.search):.3f}",
        *_rival_lines(result),
        f"registered {result.published.name} version {result.published.version}"
        f" with the aliases {', '.join(result.published.aliases) or '(none moved)'}",
        f"verify: {'passed' if result.verified else 'FAILED'}",
        *(f"note: {note}" for note in result.notes),
        f"run {result.run_id} took {result.seconds:.0f} s; look at it with: mlflow ui",
    ]
    return "\n".join(lines)


def _agent_text(result: FinetuneResult) -> str:
    if result.policy is None:
        return "a fresh agent"
    version = f" version {result.policy['version']}" if "version" in result.policy else ""
    return f"a policy of the {result.policy['source']}{version}"


def comparison_table(rows: tuple[FinalResult, ...]) -> str:
    """One row a network: its cost, and its accuracy with images right, images asked and 95 % interval."""
    attacks = [(place, name) for place, measured in enumerate(rows[0].measured) for name in measured.attacks]
    header = ["network", "parameters", "MACs", "clean", *(name for _, name in attacks)]
    return render_table(header, [_cells(row, attacks) for row in rows])


def _cells(row: FinalResult, attacks: Sequence[tuple[int, str]]) -> list[str]:
    price = cost(row.spec)
    accuracies = [_accuracy(row.measured[place], name) for place, name in attacks]
    title = TITLES[row.method] + (" (diverged)" if row.diverged else "")
    clean = percent(row.measured[0].clean_accuracy)
    return [title, f"{price.parameters:,}", format_macs(price.macs), clean, *accuracies]


def _accuracy(measured: Measurement, attack: str) -> str:
    accuracy = measured.attacks[attack]
    right = round(accuracy * measured.samples)
    low, high = wilson(right, measured.samples)
    return f"{percent(accuracy)} ({right}/{measured.samples}, {100 * low:.0f}-{100 * high:.0f})"


def _rival_lines(result: FinetuneResult) -> list[str]:
    return [_rival_line(result, method) for method in result.rivals]


def _rival_line(result: FinetuneResult, method: str) -> str:
    verdict = rival_verdict(result, method, "rival")
    assert verdict is not None
    word = "beat" if verdict["search_beat_rival"] else "did not beat"
    networks = _VISITED.get(method, "networks")
    return (
        f"the search {word} {method} on the evaluation split: best reward {verdict['searched_reward']:.3f} against "
        f"{verdict['rival_reward']:.3f} of {verdict['visited']} {networks} ({verdict['distinct']} distinct); "
        f"on the test split {percent(verdict['searched_test_accuracy'])} against "
        f"{percent(verdict['rival_test_accuracy'])}"
    )
