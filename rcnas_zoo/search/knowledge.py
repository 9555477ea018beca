"""What a meta-training leaves: a policy, and every evaluation that it paid for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from rcnas_zoo.search.space import stages_of
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import StageSpec

_NAMES = ("task", "stages", "ratio", "reward", "severity")


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
        return cls(**found)

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
    """The tensors of a policy: ``encoder.*``, ``policy.*`` and, for methods without an agent, ``experience.*``."""

    tensors: Mapping[str, Tensor]

    @cached_property
    def experience(self) -> Experience | None:
        """The evaluations, if they were kept. Raises as `Experience.of`."""
        return Experience.of(self.tensors)
