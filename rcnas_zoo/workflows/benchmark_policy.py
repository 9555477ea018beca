"""The policy that the methods of a benchmark build on, and what it has seen of what they are tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcnas_zoo.oracles.suite import Suite
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.policies import agent_settings
from rcnas_zoo.zoo.catalogue import catalogue_root
from rcnas_zoo.zoo.policy import CONFIG, POLICY_NAME, PolicyConfig, read_policy
from rcnas_zoo.zoo.policy_registry import FoundPolicy, find_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors

NONE = "none"


@dataclass(frozen=True, eq=False)
class UsedPolicy:
    """What a benchmark was given of a policy.

    Attributes:
        knowledge: what searches start from; None for nothing.
        facts: which policy it is, plain JSON data; empty for none.
        notes: what a reader of the result should know.
    """

    knowledge: Knowledge | None = None
    facts: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def used_policy(asked: str | None, cache: Path, suite: Suite) -> UsedPolicy:
    """The policy of a name or folder; None is the one that ships with the package, so that all measure the same.

    Raises:
        NotFound: it is not there.
        IntegrityError: it is damaged.
        InvalidInput: it is of another version's agent.
    """
    if asked == NONE:
        return UsedPolicy()
    found = find_policy(asked, cache, current_store()) if asked else _shipped()
    config = found.entry.config
    knowledge = Knowledge(read_policy_tensors(found.entry), agent_settings(config))
    return UsedPolicy(knowledge, _facts(found), _notes(config, suite))


def _shipped() -> FoundPolicy:
    return FoundPolicy(read_policy(catalogue_root() / POLICY_NAME), "catalogue")


def _facts(found: FoundPolicy) -> dict[str, Any]:
    config = found.entry.config
    return {
        "source": found.source,
        "version": found.version,
        "digest": config.files[CONFIG],
        "tasks": list(config.tasks),
        "lineage": dict(config.lineage),
    }


def _notes(config: PolicyConfig, suite: Suite) -> tuple[str, ...]:
    """What is held out is so from the training tasks of the suite; another training may have seen it."""
    own = {str(task) for task in suite.training}
    if own and set(config.tasks) <= own and config.lineage.get("oracle") == suite.name:
        return ()
    datasets = {PosedTask.parse(task).task.dataset for task in config.tasks}
    seen = [task for task in suite.held_out if task.task.dataset in datasets]
    if not seen:
        return ()
    return (
        f"the policy was not trained on this oracle's training tasks, but on others of {', '.join(sorted(datasets))}; "
        f"{len(seen)} of the {len(suite.held_out)} tasks are of those data sets and may be nothing new to it",
    )
