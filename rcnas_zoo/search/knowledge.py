"""What a meta-training leaves: a policy, and every evaluation that it paid for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import LARGEST_RATIO
from rcnas_zoo.oracles.table import stages_of
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import StageSpec

_NAMES = ("task", "stages", "ratio", "reward", "severity")
_MOST = {"ratio": LARGEST_RATIO, "severity": 1.0}


@dataclass(frozen=True, eq=False)
class Experience:
    """The evaluations of a meta-training, M networks on K tasks.

    Attributes:
        task: int64 (M,), the number in [0, K) of the task.
        stages: int64 (M, stages, 4): depth, width, stride and robust bit of each stage.
        ratio: float64 (M,), accuracy over the teacher's.
        reward: float64 (M,).
        severity: float64 (K,), one less the teacher's robust accuracy in the task, in [0, 1].
    """

    task: Tensor
    stages: Tensor
    ratio: Tensor
    reward: Tensor
    severity: Tensor

    def __len__(self) -> int:
        return len(self.task)

    def tensors(self) -> dict[str, Tensor]:
        """The columns as ``experience.*``, to be stored with a policy."""
        return {f"experience.{name}": getattr(self, name) for name in _NAMES}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Experience | None":
        """The experience among the tensors of a policy, or None if there is none.

        Raises:
            InvalidInput: a part of it is missing, or the parts do not fit.
        """
        found = {name: tensors[f"experience.{name}"] for name in _NAMES if f"experience.{name}" in tensors}
        if not found:
            return None
        if set(found) != set(_NAMES):
            raise InvalidInput(f"the experience of a policy must have {', '.join(_NAMES)}, got {', '.join(found)}")
        task, stages, severity = found["task"], found["stages"], found["severity"]
        if any(values.shape != task.shape for values in (found["ratio"], found["reward"])) or task.dim() != 1:
            raise InvalidInput("the experience of a policy must have one number for each evaluation in its columns")
        if stages.dim() != 3 or len(stages) != len(task) or stages.shape[2] != 4:
            raise InvalidInput(
                f"the experience of a policy must have stages of shape [{len(task)}, stages, 4], got "
                f"{list(stages.shape)}"
            )
        if severity.dim() != 1 or (len(task) and not 0 <= int(task.min()) <= int(task.max()) < len(severity)):
            raise InvalidInput("the experience of a policy must have a severity for each of its tasks")
        cls._check_values(found)
        return cls(**found)

    @staticmethod
    def _check_values(found: Mapping[str, Tensor]) -> None:
        """Raise InvalidInput where a model would compute with something else than the numbers that it expects."""
        for name, values in found.items():
            wanted = torch.int64 if name in ("task", "stages") else torch.float64
            if values.dtype != wanted:
                raise InvalidInput(f"the {name} of a policy's experience must be {wanted}, got {values.dtype}")
            if not values.isfinite().all():
                raise InvalidInput(f"the {name} of a policy's experience must be finite, got a value that is not")
        for name, most in _MOST.items():
            if len(found[name]) and not 0 <= float(found[name].min()) <= float(found[name].max()) <= most:
                raise InvalidInput(f"the {name} of a policy's experience must lie in [0, {most:g}], got one outside")

    def winners(self) -> "Iterator[tuple[StageSpec, ...]]":
        """The stages of the best network of each task, once each, those that won more tasks first."""
        won: dict[tuple[StageSpec, ...], int] = {}
        for number in range(len(self.severity)):
            rows = (self.task == number).nonzero()[:, 0]
            if len(rows):
                best = int(rows[self.reward[rows].argmax()])
                stages = stages_of(self.stages[best])
                won[stages] = won.get(stages, 0) + 1
        yield from sorted(won, key=lambda stages: -won[stages])


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known before a search.

    Attributes:
        tensors: of a policy: ``encoder.*``, ``policy.*`` and, for methods without an agent, ``experience.*``.
        agent: the settings that the policy was trained with; None takes them to be the defaults.
    """

    tensors: Mapping[str, Tensor]
    agent: RcnasSettings | None = None

    @cached_property
    def experience(self) -> Experience | None:
        """The evaluations, if any were kept. Raises as `Experience.of`."""
        found = Experience.of(self.tensors)
        return found if found is not None and len(found) else None

    def fit(self, settings: RcnasSettings) -> RcnasSettings:
        """The settings with what a trained agent cannot change any more as the policy has it."""
        return settings if self.agent is None else settings.built_as(self.agent)
