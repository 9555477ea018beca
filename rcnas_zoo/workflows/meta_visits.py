"""Every network that a meta-training has visited, as tensors for a checkpoint and as a table for people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rcnas_zoo.oracles.table import stage_numbers, stages_of
from rcnas_zoo.search.rcnas.meta import MetaStep
from rcnas_zoo.search.rcnas.meta_tasks import MetaTasks
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.spec.search import STATUSES

_SHARES = ("reward", "accuracy", "clean_accuracy", "root_compression")
_COUNTS = ("task", "macs", "parameters", "status")


class MetaVisits:
    """The visits of one meta-training, in order; curves of single trainings are left to the cache."""

    def __init__(self) -> None:
        self._shares: list[list[float]] = []
        self._counts: list[list[int]] = []
        self._stages: list[tuple[StageSpec, ...]] = []
        self._teachers: list[tuple[StageSpec, ...]] = []

    @property
    def rewards(self) -> list[float]:
        """The reward of every visit."""
        return [row[0] for row in self._shares]

    def add(self, step: MetaStep) -> None:
        """Take note of one more."""
        spec, found = step.proposal.spec, step.outcome
        assert isinstance(spec, ResidualSpec)
        self._shares.append([found.reward, found.accuracy, found.clean_accuracy, step.root_compression])
        self._counts.append([step.task, found.macs, found.parameters, STATUSES.index(found.status)])
        self._stages.append(spec.stages)
        self._teachers.append(step.teacher.stages)

    def state(self) -> dict[str, Tensor]:
        """All of it as ``visits.*``."""
        return {
            "visits.shares": torch.tensor(self._shares, dtype=torch.float64).reshape(-1, len(_SHARES)),
            "visits.counts": torch.tensor(self._counts, dtype=torch.int64).reshape(-1, len(_COUNTS)),
            "visits.stages": stage_numbers(self._stages),
            "visits.teachers": stage_numbers(self._teachers),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        self._shares, self._counts = state["visits.shares"].tolist(), state["visits.counts"].tolist()
        self._stages = [stages_of(row) for row in state["visits.stages"]]
        self._teachers = [stages_of(row) for row in state["visits.teachers"]]

    def table(self, tasks: MetaTasks, steps: int) -> list[dict[str, object]]:
        """Plain JSON data: when, on which task, from which teacher, which network, its cost and worth."""
        return [self._row(number, tasks, steps) for number in range(len(self._shares))]

    def _row(self, number: int, tasks: MetaTasks, steps: int) -> dict[str, object]:
        task, macs, parameters, status = self._counts[number]
        own = tasks.roots(task)[0]
        spec, teacher = (replace(own, stages=stages[number]) for stages in (self._stages, self._teachers))
        return {
            "iteration": number // steps,
            "step": number % steps,
            "task": tasks.names[task],
            "teacher": teacher.digest,
            "spec": spec.to_dict(),
            "digest": spec.digest,
            "macs": macs,
            "parameters": parameters,
            "status": STATUSES[status],
            **dict(zip(_SHARES, self._shares[number], strict=True)),
        }


def means(rewards: Sequence[float], steps: int) -> list[float]:
    """The mean reward of each whole iteration."""
    whole = len(rewards) // steps
    return [sum(rewards[i * steps : (i + 1) * steps]) / steps for i in range(whole)]
