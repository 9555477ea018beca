"""Is a search worth its cost where networks are really trained: a few methods, few queries, and no table.

python benchmarks/search_training.py --policy FOLDER --cache DIR --data-root DATA

python benchmarks/report.py

The task is one of the oracle `fashion-mnist` (make_oracle.py): the same images, recipe, attack and radius. But its
networks are all compressions of the teacher, not the rows of a table, and each is trained when a method asks for it,
once, whichever method and seed ask: all share one cache, and one seed of training. Every search is a row of the
results, written when it is done; the same command goes on where it stopped.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import report_search_training
import torch
from machine import facts
from make_oracle import PLANS, job_of, source_of
from results import FOLDER, Results, Row, parse_range

from rcnas_zoo.candidates.evaluator import CandidateEvaluator, TrainingEvaluator
from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.accelerated import keep_freed_memory
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.registry import METHODS, WARM, NamedMethod
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem
from rcnas_zoo.workflows.problem import teacher_facts
from rcnas_zoo.zoo.policy import CONFIG, read_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors

ORACLE, TEACHER, BUDGET = "fashion-mnist", "wrn-16-2", "900k"
COMPARED = "rc-nas,r-nas,random,tpe"
PLAN = PLANS[ORACLE]
POSED = PosedTask.parse(f"{ORACLE}/pgd-20/{TEACHER}/{BUDGET} linf@{PLAN.radii[1]}")


@dataclass
class Timed:
    """An evaluator that keeps how long it was at work: what is left of a search's time is the search's own."""

    inner: CandidateEvaluator
    seconds: float = 0.0

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`."""
        started = time.perf_counter()
        try:
            return self.inner.evaluate(problem, proposals, observer)
        finally:
            self.seconds += time.perf_counter() - started


@dataclass(frozen=True)
class Policy:
    """What warm methods build on, and the first letters of its digest; neither where none is given."""

    knowledge: Knowledge | None = None
    digest: str = ""

    @classmethod
    def read(cls, folder: Path) -> "Policy":
        """The policy of an entry folder."""
        entry = read_policy(folder)
        return cls(Knowledge(read_policy_tensors(entry)), entry.config.files[CONFIG][:12])


def method_of(name: str, queries: int, seed: int, policy: Policy) -> NamedMethod:
    """A search; chance learns nothing from outcomes, so its networks are evaluated all at once."""
    batch = queries if name == "random" else 1
    return NamedMethod(name, queries, batch, seed, RewardSettings(), policy.knowledge if name in WARM else None)


def problem_of(teacher: TrainingJob) -> SearchProblem:
    """The problem; the teacher is trained and attacked as the candidates will be."""
    images = len(teacher.source.splits().evaluation)
    return SearchProblem(POSED.task, POSED.threat, teacher_facts(teacher, POSED, Silent()), images)


def teacher_row(teacher: TrainingJob, problem: SearchProblem) -> Row:
    """What all searches share."""
    return {
        "what": "teacher",
        "task": str(POSED),
        "images": len(teacher.source.splits().train),
        "evaluation_images": problem.evaluation_samples,
        "epochs": teacher.recipe.epochs,
        "accuracy": problem.teacher.accuracy,
        "macs": problem.teacher.macs,
        "lips": list(problem.teacher.lips),
    }


def searched(method: NamedMethod, problem: SearchProblem, evaluator: CandidateEvaluator) -> dict[str, Any]:
    """One search: every network that it visited, and where its time went, in seconds.

    ``evaluation_seconds`` are those that each network's training and attack took when they were done, be it for
    another search; ``overhead`` is what this search took beside its evaluator.
    """
    timed, started = Timed(evaluator), time.perf_counter()
    visits = method.run(problem, timed, Silent()).visits
    seconds = time.perf_counter() - started
    outcomes = [visit.outcome for visit in visits]
    return {
        "digests": [visit.proposal.spec.digest[:12] for visit in visits],
        "statuses": [outcome.status for outcome in outcomes],
        "rewards": [round(outcome.reward, 6) for outcome in outcomes],
        "accuracies": [outcome.accuracy for outcome in outcomes],
        "macs": [outcome.macs for outcome in outcomes],
        "evaluation_seconds": [round(outcome.seconds, 2) for outcome in outcomes],
        "seconds": round(seconds, 2),
        "overhead": round(seconds - timed.seconds, 3),
    }


def asked_methods(text: str, policy: Path | None) -> list[str]:
    """The methods in a text.

    Raises:
        ClickException: an unknown one, or one that needs a policy and there is none.
    """
    methods = text.split(",")
    for name in methods:
        if name not in METHODS:
            raise click.ClickException(f"a method must be one of {', '.join(METHODS)}, got {name!r}")
        if name in WARM and policy is None:
            raise click.ClickException(f"the method {name} must have a policy, got none; give --policy")
    return methods


@click.command(help=__doc__)
@click.option("--methods", default=COMPARED, show_default=True)
@click.option("--seeds", default="0-2", show_default=True, help="Of the searches; all networks are trained from one.")
@click.option("--queries", default=10, show_default=True, help="Networks that a search visits.")
@click.option("--policy", "folder", type=click.Path(path_type=Path), help="Entry folder of what rc-nas starts from.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the trainings; default RCNAS_CACHE.")
@click.option("--to", type=click.Path(path_type=Path), default=FOLDER / "search_training.json", show_default=True)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of fashion-mnist.npz; default this one.")
@click.option("--workers", "count", default=1, show_default=True)
def main(
    methods: str,
    seeds: str,
    queries: int,
    folder: Path | None,
    cache: Path | None,
    to: Path,
    data_root: Path | None,
    count: int,
) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    names, policy = asked_methods(methods, folder), Policy.read(folder) if folder else Policy()
    root = (cache or default_cache_root()).absolute()
    root.mkdir(parents=True, exist_ok=True)
    source = source_of(ORACLE, PLAN, data_root, root)
    teacher = job_of(PLAN.teacher(TEACHER), ORACLE, PLAN, source, root)
    kept, problem = Results.open(to, facts(torch.device("cpu"))), problem_of(teacher)
    if not kept.find(what="teacher"):
        kept.add(teacher_row(teacher, problem))
    with Workers(count) as workers:
        evaluator = TrainingEvaluator(teacher, workers, RewardSettings())
        # Seed by seed, so that what is there when it is cut off can be compared.
        for seed in parse_range(seeds):
            for name in names:
                search = {"what": "search", "method": name, "seed": seed, "queries": queries}
                search["policy"] = policy.digest if name in WARM else ""
                if not kept.find(**search):
                    kept.add({**search, **searched(method_of(name, queries, seed, policy), problem, evaluator)})
                    print({**search, "seconds": kept.rows[-1]["seconds"]}, file=sys.stderr, flush=True)
    print(report_search_training.section(kept))


if __name__ == "__main__":
    main()
