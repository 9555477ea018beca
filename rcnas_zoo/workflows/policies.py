"""Policies between the agent and the disk: what an agent leaves to keep, and an agent of what was kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from math import isnan
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.search.knowledge import Experience
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.canonical import dataclass_fields
from rcnas_zoo.tracking.runs import TrackedRun
from rcnas_zoo.zoo.policy import PolicyConfig
from rcnas_zoo.zoo.policy_registry import POLICY_ARTIFACT
from rcnas_zoo.zoo.policy_writing import policy_contents

_SHARED = ("encoder", "policy", "experience", "paper")
"""Of the tensors of a search or a meta-training, those that others can use; it needs the rest itself, to go on."""


def policy_tensors(*states: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of states of agents, the later ones going over the earlier, the tensors that make a policy to keep and share."""
    joined = {name: tensor for state in states for name, tensor in state.items()}
    return {name: tensor for name, tensor in joined.items() if name.partition(".")[0] in _SHARED}


def seen_tasks(experience: Experience, names: Sequence[str]) -> tuple[Experience, tuple[str, ...]]:
    """The experience with the tasks that were drawn alone, each once, and their names by their new numbers."""
    drawn = [number for number, value in enumerate(experience.severity.tolist()) if not isnan(value)]
    seen = tuple(dict.fromkeys(names[number] for number in drawn))
    places = torch.tensor([seen.index(name) if name in seen else -1 for name in names], dtype=torch.int64)
    first = [next(number for number in drawn if names[number] == name) for name in seen]
    kept = replace(experience, task=places[experience.task], severity=experience.severity[first])
    return kept, seen


def policy_config(agent: RcnasSettings, stages: int, tasks: Iterable[str], lineage: Mapping[str, Any]) -> PolicyConfig:
    """What a policy says of itself; every task is named once."""
    return PolicyConfig(asdict(agent), stages, tuple(dict.fromkeys(tasks)), lineage)


def log_policy(run: TrackedRun, tensors: Mapping[str, Tensor], config: PolicyConfig) -> None:
    """Keep a policy under ``policy/`` of a run."""
    for name, content in policy_contents(config, tensors).items():
        run.artifact(f"{POLICY_ARTIFACT}/{name}", content)


def agent_settings(config: PolicyConfig) -> RcnasSettings:
    """The settings of the agent that a policy was trained with.

    Raises:
        InvalidInput: they are not settings of this version's agent.
    """
    return RcnasSettings(**dataclass_fields(RcnasSettings, dict(config.agent), "the agent of a policy"))


def load_actor(config: PolicyConfig, tensors: Mapping[str, Tensor]) -> Actor:
    """The agent that a policy was, ready for teachers of as many stages as it was trained for.

    Raises:
        InvalidInput: the tensors do not fit the settings.
    """
    return Actor.from_policy(agent_settings(config), config.stages, tensors)
