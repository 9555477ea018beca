"""The words of a search: what is asked for, what is proposed, what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.spec.canonical import check_choice, check_integer, check_number
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

STATUSES = ("trained", "over-budget", "stopped", "failed")


@dataclass(frozen=True)
class TeacherFacts:
    """What is known of the network to compress.

    Attributes:
        spec: its architecture.
        parameters, macs: its cost, MACs of one image.
        accuracy: robust accuracy of the adversarially trained teacher on the evaluation split, in [0, 1].
        lips: statistics of its Lipschitz ratio under the task's attack (RC-NAS Eq. 1); zeros for ``clean``.
        attacked: key of the evaluation images attacked on it; empty if they are not kept.
    """

    spec: NetworkSpec
    parameters: int
    macs: int
    accuracy: float
    lips: tuple[float, ...]
    attacked: str = ""


@dataclass(frozen=True)
class SearchProblem:
    """One search: the task, the threat, the teacher, and how many images a candidate is measured on."""

    task: Task
    threat: ThreatModel
    teacher: TeacherFacts
    evaluation_samples: int

    @property
    def budget(self) -> int:
        """The MACs that a network may cost."""
        return self.task.budget.macs


@dataclass(frozen=True)
class Proposal:
    """A network that a searcher wants evaluated.

    Attributes:
        id: number within the search, from 0.
        spec: the network.
        parent: id of the proposal it descends from, if any.
        initial_weights: sha256 of the weights to start from, if any.
        note: what a reader should know, such as an action that could not be applied.
    """

    id: int
    spec: NetworkSpec
    parent: int | None = None
    initial_weights: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a proposal.

    Attributes:
        reward: RC-NAS Eq. 4 without annealing (what methods are compared by).
        accuracy: robust accuracy on the evaluation split in [0, 1]; 0 if it was not trained.
        clean_accuracy: accuracy on the same images unattacked; 0 if it was not trained.
        macs, parameters: cost of the network.
        status: ``trained``, ``over-budget`` (never trained), ``stopped`` (early, as hopeless) or ``failed`` (diverged).
        seconds: time the evaluation took when it was done.
        curve: metrics of each training epoch.
        margin: mean over the evaluation images, each after one FGSM step (for a ``clean`` task: unattacked), of the
            probability of the right class less that of the likeliest wrong one, in [-1, 1]; it decides between equal
            accuracies. 0 if it was not trained, or is measured on images attacked on the teacher.
    """

    reward: float
    accuracy: float
    macs: int
    parameters: int
    status: str
    clean_accuracy: float = 0.0
    seconds: float = 0.0
    curve: tuple[Mapping[str, float], ...] = ()
    margin: float = 0.0

    def __post_init__(self) -> None:
        check_number("a reward", self.reward, -1e9)
        check_number("an accuracy", self.accuracy, 0, 1)
        check_number("an accuracy", self.clean_accuracy, 0, 1)
        check_number("a margin", self.margin, -1, 1)
        check_integer("the MACs of an outcome", self.macs, 1)
        check_integer("the parameters of an outcome", self.parameters, 1)
        check_choice("the status of an outcome", self.status, STATUSES)


@dataclass(frozen=True)
class Visit:
    """A proposal with its outcome."""

    proposal: Proposal
    outcome: Outcome


@dataclass(frozen=True)
class SearchResult:
    """All that a search visited, in order, and the best of it.

    Attributes:
        visits: every proposal with its outcome.
        best: the visit with the highest reward among the trained ones (the first of equals), or None.
        state: what the method leaves behind (a policy, for the agent), tensors or plain data by name.
    """

    visits: tuple[Visit, ...]
    state: Mapping[str, Any]

    @property
    def best(self) -> Visit | None:
        """The trained visit with the highest reward; the first of equals."""
        trained = [visit for visit in self.visits if visit.outcome.status == "trained"]
        return max(trained, key=lambda visit: visit.outcome.reward, default=None)

    @property
    def rewards(self) -> list[float]:
        """The rewards in the order of the visits."""
        return [visit.outcome.reward for visit in self.visits]

    @property
    def distinct(self) -> int:
        """Number of different specs visited."""
        return len({visit.proposal.spec.digest for visit in self.visits})
