"""The result of a meta-training for people, and as plain JSON data."""

from collections.abc import Sequence
from typing import Any

from rcnas_zoo.workflows.meta_train import MetaResult


def meta_to_dict(result: MetaResult) -> dict[str, Any]:
    """What `rcnas-zoo meta-train --json` prints."""
    return {
        "tasks": [str(task) for task in result.tasks],
        "seen": list(result.seen),
        "seed": result.settings.seed,
        "iterations": result.settings.iterations,
        "steps": result.settings.meta.agent.steps,
        "run_id": result.run_id,
        "tracking_uri": result.store_uri,
        "rewards": list(result.rewards),
        "mean_rewards": result.mean_rewards,
        "encoder_r_squared": result.r_squared,
        "registered": {
            "name": result.published.name,
            "version": result.published.version,
            "aliases": list(result.published.aliases),
        },
        "verified": result.verified,
        "notes": list(result.notes),
        "seconds": result.seconds,
    }


def meta_text(result: MetaResult) -> str:
    """The result for people."""
    published, rewards = result.published, result.mean_rewards
    tenth = max(1, len(rewards) // 10)
    aliases = f", alias {', '.join(published.aliases)}" if published.aliases else ""
    lines = [
        f"visited {len(result.rewards)} networks on {len(result.seen)} of {len(result.tasks)} tasks; mean reward "
        f"{_mean(rewards[:tenth]):.3f} in the first tenth of the iterations, {_mean(rewards[-tenth:]):.3f} in the last",
        f"state encoder: R^2 {result.r_squared:.3f} on held-out tasks",
        f"registered {published.name} version {published.version}{aliases}; its copy "
        f"{'verifies' if result.verified else 'DOES NOT VERIFY'}",
        f"use it with: rcnas-zoo finetune TASK --policy {published.name}:{published.version}",
        *(f"note: {note}" for note in result.notes),
        f"run {result.run_id}, {result.seconds:.0f} s",
    ]
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
