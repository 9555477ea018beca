"""What a candidate is worth: adversarial training by proxy, then the task's attack on the evaluation split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from rcnas_zoo.candidates.attacked import attacked_images, transfer_accuracy
from rcnas_zoo.candidates.halving import CHUNK, Halving
from rcnas_zoo.candidates.margins import margin_cached
from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.candidates.training import TrainingJob, threads_for, train_cached
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_job, ledgers_of
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.observer import Observer, ProgressOnly, Silent
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
        label: what an observer knows it by.
    """

    training: TrainingJob
    attack: AttackJob
    transfer: str = ""
    label: str = "candidate"


@dataclass(frozen=True)
class CandidateResult:
    """What a candidate's training and attack gave.

    Attributes:
        clean_accuracy, robust_accuracy: on the evaluation split, in [0, 1].
        curve: metrics of each training epoch.
        seconds: what it took when it was done.
        diverged: training gave no finite loss.
        hopeless: it was stopped early.
        margin: as in `Outcome`.
    """

    clean_accuracy: float
    robust_accuracy: float
    curve: tuple[dict[str, float], ...]
    seconds: float
    diverged: bool
    hopeless: bool = False
    margin: float = 0.0

    @property
    def status(self) -> str:
        """As in `Outcome`."""
        return "failed" if self.diverged else "stopped" if self.hopeless else "trained"


def evaluate_candidate(job: CandidateJob, observer: Observer | None = None) -> CandidateResult:
    """Train a network and attack it on the evaluation split; both from the cache if they are there."""
    spec, watcher = job.training.spec, observer or Silent()
    trained = train_cached(job.training, watcher, job.label)
    if trained.diverged:
        return CandidateResult(0.0, 0.0, trained.curve, trained.seconds, diverged=True)
    model = build(spec).to(torch.device(job.training.device))
    model.load_state_dict(trained.best)
    images = job.training.source.splits().evaluation
    attack = replace(job.attack, attacks=("clean",)) if job.transfer else job.attack
    ledgers, threads = ledgers_of(model, spec, images, attack), threads_for(spec, attack.threads)
    report = evaluate_job(model, images, attack, ledgers, threads, watcher, f"attacking {job.label}")
    if job.transfer:
        robust, margin = transfer_accuracy(model, attacked_images(job.attack, job.transfer), images.labels), 0.0
    else:
        robust, margin = report.complete().robust_accuracy, margin_cached(model, spec, images, ledgers)
    seconds = trained.seconds + report.seconds
    return CandidateResult(report.clean_accuracy, robust, trained.curve, seconds, False, trained.hopeless, margin)


@dataclass(frozen=True)
class TrainingEvaluator:
    """Really trains and attacks each candidate, several at a time.

    A network over the budget is known before training and never trained.

    Common random numbers: all candidates of a search, and of every search under the same seed, get the same seed of
    training and attack. They see the same images in the same order with the same augmentation and the same noise at
    the inner attack's start, and are measured on the same evaluation images from the same random starts. So a
    difference between two candidates comes from the networks and not from who was lucky. Fresh weights share the seed
    too, but networks of different shapes make different use of it.

    Attributes:
        template: the training job of a candidate, with any spec.
        workers: where jobs run.
        reward: settings of Eq. 4.
        transfer: measure candidates on the images attacked on the teacher, as Algorithm 2 prints it, instead of
            attacking each candidate itself.
        halving: what stops hopeless candidates early; it learns from every candidate. None trains all to the end.
    """

    template: TrainingJob
    workers: Workers
    reward: RewardSettings
    transfer: bool = False
    halving: Halving | None = None

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`."""
        affordable = [p for p in proposals if cost(p.spec).macs <= problem.budget]
        jobs = [self._job(problem, p) for p in affordable]
        results = self._run(jobs, observer) if self.halving is None else self._run_halving(jobs, self.halving, observer)
        found = {proposal.id: result for proposal, result in zip(affordable, results, strict=True)}
        return [self._outcome(problem, proposal, found.get(proposal.id)) for proposal in proposals]

    def _run(self, jobs: Sequence[CandidateJob], observer: Observer) -> list[CandidateResult]:
        done = 0

        def count(index: int, result: CandidateResult) -> None:
            nonlocal done
            done += 1
            observer.progress("candidates of this step", done, len(jobs))

        if jobs:
            observer.progress("candidates of this step", 0, len(jobs))
        return self.workers.run_watched(evaluate_candidate, jobs, ProgressOnly(observer), count)

    def _run_halving(self, jobs: Sequence[CandidateJob], halving: Halving, observer: Observer) -> list[CandidateResult]:
        results: list[CandidateResult] = []
        for start in range(0, len(jobs), CHUNK):
            floors = halving.floors()
            chunk = [replace(job, training=replace(job.training, floors=floors)) for job in jobs[start : start + CHUNK]]
            found = self._run(chunk, observer)
            halving.observe(_robust_accuracies(result.curve) for result in found)
            results += found
        return results

    def _job(self, problem: SearchProblem, proposal: Proposal) -> CandidateJob:
        training = replace(self.template, spec=proposal.spec)
        attack = AttackJob.after(training, (str(problem.task.attack),), problem.threat)
        transfer = problem.teacher.attacked if self.transfer else ""
        return CandidateJob(training, attack, transfer, f"candidate {proposal.id}")

    def _outcome(self, problem: SearchProblem, proposal: Proposal, result: CandidateResult | None) -> Outcome:
        price = cost(proposal.spec)
        if result is None:
            value = reward(0.0, price.parameters, price.macs, problem, self.reward)
            return Outcome(value, 0.0, price.macs, price.parameters, "over-budget")
        achieved = (result.robust_accuracy, price.parameters, price.macs)
        return Outcome(
            reward=reward(*achieved, problem, self.reward, margin=result.margin),
            accuracy=result.robust_accuracy,
            macs=price.macs,
            parameters=price.parameters,
            status=result.status,
            clean_accuracy=result.clean_accuracy,
            seconds=result.seconds,
            curve=result.curve,
            margin=result.margin,
        )


def _robust_accuracies(curve: Sequence[Mapping[str, float]]) -> dict[int, float]:
    """Epoch to robust accuracy, where it was measured."""
    rows = enumerate(curve, start=1)
    return {epoch: row["robust_accuracy"] for epoch, row in rows if "robust_accuracy" in row}
