"""A search problem and an evaluator that need no training: robust accuracy is a formula of the network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log

from rcnas_zoo.candidates.reward import reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem, TeacherFacts
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

LIPS = (3.2, 2.1, 2.0, 2.7, 3.1, 3.5, 4.2)


def make_problem(text: str = "digits/pgd-20/wrn-16-2/2m", lips: tuple[float, ...] = LIPS) -> SearchProblem:
    task = Task.parse(text)
    spec = teacher_spec(task.teacher, InputSpec((1, 8, 8)), 10)
    price = cost(spec)
    facts = TeacherFacts(spec, price.parameters, price.macs, 0.6, lips)
    return SearchProblem(task, ThreatModel.parse("linf@1/5"), facts, 256)


@dataclass(frozen=True)
class Formula:
    """Late stages matter most, robust blocks help, an early stride harms. Keeps the sizes of its batches."""

    batches: list[int] = field(default_factory=list)

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        self.batches.append(len(proposals))
        return [outcome_of(problem, proposal.spec) for proposal in proposals]


def outcome_of(problem: SearchProblem, spec: NetworkSpec) -> Outcome:
    price = cost(spec)
    trained = price.macs <= problem.budget
    accuracy = _accuracy(spec) if trained else 0.0
    value = reward(accuracy, price.parameters, price.macs, problem)
    return Outcome(value, accuracy, price.macs, price.parameters, "trained" if trained else "over-budget")


def _accuracy(spec: NetworkSpec) -> float:
    assert isinstance(spec, ResidualSpec)
    score = -0.6 - 0.4 * (spec.stages[0].stride == 2)
    for weight, stage in zip((0.15, 0.25, 0.4), spec.stages, strict=True):
        score += weight * (log(stage.width / 16) + 0.8 * log(stage.depth) + 0.6 * (stage.block == "robust"))
    return 0.75 / (1 + exp(-score))
