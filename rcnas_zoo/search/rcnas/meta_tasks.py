"""What a meta-training learns from (RC-NAS section 3.3): the buffers of data sets, attacks and architectures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem

if TYPE_CHECKING:
    from rcnas_zoo.candidates.evaluator import CandidateEvaluator


class MetaTasks(Protocol):
    """Tasks by number, each a data set, an attack, a teacher and a budget; all teachers have as many stages."""

    @property
    def names(self) -> Sequence[str]:
        """The tasks as text, one for each number."""

    def roots(self, number: int) -> Sequence[ResidualSpec]:
        """The teachers that the architecture buffer of a task starts with; the task's own is the first."""

    def problem(self, number: int, teacher: ResidualSpec, budget: int) -> SearchProblem:
        """The task for another teacher and budget; training and attacking that teacher is the slow part."""

    def budget(self, number: int) -> int:
        """The MACs that a network of the task may cost."""

    def space(self, number: int, teacher: ResidualSpec) -> ResidualSpace:
        """The compressions of a teacher."""

    def evaluator(self, number: int) -> "CandidateEvaluator":
        """What evaluates networks of the task."""
