"""What a candidate is worth: adversarial training by proxy, then the task's attack on the evaluation split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from rcnas_zoo.candidates.attacked import attacked_images, transfer_accuracy
from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem


class CandidateEvaluator(Protocol):
    """(problem, proposals) -> outcomes: real training and attacks, or a replayed table."""

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """The outcomes of the proposals, in their order."""


@dataclass(frozen=True)
class CandidateJob:
    """One candidate's training and attack; travels to a worker process.

    Attributes:
        training, attack: what is done with the candidate.
        transfer: key of images attacked on the teacher that it is measured on instead; empty for its own.
    """

    training: TrainingJob
    attack: AttackJob
    transfer: str = ""


@dataclass(frozen=True)
class CandidateResult:
    """Accuracies on the evaluation split in [0, 1], the learning curve, and the seconds it took when it was done."""

    clean_accuracy: float
    robust_accuracy: float
    curve: tuple[dict[str, float], ...]
    seconds: float
    diverged: bool


def evaluate_candidate(job: CandidateJob) -> CandidateResult:
    """Train a network and attack it on the evaluation split; both from the cache if they are there."""
    trained = train_cached(job.training)
    if trained.diverged:
        return CandidateResult(0.0, 0.0, trained.curve, trained.seconds, diverged=True)
    model = build(job.training.spec).to(torch.device(job.training.device))
    model.load_state_dict(trained.best)
    images = job.training.source.splits().evaluation
    attack = replace(job.attack, attacks=("clean",)) if job.transfer else job.attack
    report = evaluate_cached(model, job.training.spec, images, attack)
    robust = report.robust_accuracy
    if job.transfer:
        robust = transfer_accuracy(model, attacked_images(job.attack, job.transfer), images.labels)
    seconds = trained.seconds + report.seconds
    return CandidateResult(report.clean_accuracy, robust, trained.curve, seconds, diverged=False)


@dataclass(frozen=True)
class TrainingEvaluator:
    """Really trains and attacks each candidate, several at a time.

    A network over the budget is known before training and never trained. All candidates share the seed of training
    and attack (common random numbers), so that differences come from the networks.

    Attributes:
        template: the training job of a candidate, with any spec.
        workers: where jobs run.
        reward: settings of Eq. 4.
        transfer: measure candidates on the images attacked on the teacher, as Algorithm 2 prints it, instead of
            attacking each candidate itself.
    """

    template: TrainingJob
    workers: Workers
    reward: RewardSettings
    transfer: bool = False

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`."""
        affordable = [p for p in proposals if cost(p.spec).macs <= problem.budget]
        done = 0

        def count(index: int, result: CandidateResult) -> None:
            nonlocal done
            done += 1
            observer.progress("candidates of this step", done, len(affordable))

        results = self.workers.run(evaluate_candidate, [self._job(problem, p) for p in affordable], count)
        found = {proposal.id: result for proposal, result in zip(affordable, results, strict=True)}
        return [self._outcome(problem, proposal, found.get(proposal.id)) for proposal in proposals]

    def _job(self, problem: SearchProblem, proposal: Proposal) -> CandidateJob:
        training = replace(self.template, spec=proposal.spec)
        attack = AttackJob.after(training, (str(problem.task.attack),), problem.threat)
        return CandidateJob(training, attack, problem.teacher.attacked if self.transfer else "")

    def _outcome(self, problem: SearchProblem, proposal: Proposal, result: CandidateResult | None) -> Outcome:
        price = cost(proposal.spec)
        accuracy = result.robust_accuracy if result else 0.0
        value = reward(accuracy, price.parameters, price.macs, problem, self.reward)
        if result is None:
            return Outcome(value, 0.0, price.macs, price.parameters, "over-budget")
        return Outcome(
            reward=value,
            accuracy=accuracy,
            macs=price.macs,
            parameters=price.parameters,
            status="failed" if result.diverged else "trained",
            clean_accuracy=result.clean_accuracy,
            seconds=result.seconds,
            curve=result.curve,
        )
