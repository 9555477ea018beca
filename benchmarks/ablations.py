"""What LIPS, the cost features and the annealed penalty are worth: meta-trainings without each, on the digits oracle.

python benchmarks/ablations.py

python benchmarks/report.py

Every variant is meta-trained from several seeds on the first half of the networks, and searches the held-out tasks,
alone and with the surrogate. Differences to the full agent are paired by seed and task and averaged within a task;
their intervals are bootstrapped over tasks.
"""

import sys
from itertools import product
from typing import Any

import click
import torch
from machine import facts
from results import FOLDER, Results

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.oracles.landscape import task_landscape, why_dropped
from rcnas_zoo.oracles.suite import Suite, load_suite
from rcnas_zoo.search.contest import Contest, Played, hold
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.meta import MetaSettings, MetaTrainer, meta_agent
from rcnas_zoo.search.tabulated_tasks import TabulatedTasks
from rcnas_zoo.spec.observer import Silent

ITERATIONS = 400
ANNEALED = 60
"""Updates until the penalty is in full force: the same share of the training as N2N's 15 of 100."""
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "without LIPS": {"lips": False},
    "without cost": {"cost": False},
    "penalty in place of the filter, annealed": {"cost_filter": False, "annealing": ANNEALED},
    "penalty in place of the filter, at once": {"cost_filter": False},
    "no baseline": {"baseline": "none", "normalise": False},
}


def knowledge(variant: str, seed: int, suite: Suite) -> Knowledge:
    """What the meta-training of a variant leaves; its agent searches with the same switches."""
    agent = meta_agent(ITERATIONS, **VARIANTS[variant])
    settings = MetaSettings(ITERATIONS, agent=agent)
    trainer = MetaTrainer(settings, Actor.fresh(agent, 3, seed), TabulatedTasks(suite.training), seed)
    while not trainer.finished:
        trainer.step(Silent())
    return Knowledge({**policy_part(trainer.state()), **trainer.experience().tensors()}, agent)


def played(known: Knowledge, suite: Suite, seeds: range, workers: Workers) -> Played:
    """The searches from a policy on the held-out tasks that say something."""
    found = [(task, task_landscape(task, RewardSettings())) for task in suite.held_out]
    tasks, landscapes = zip(*[pair for pair in found if not why_dropped(pair[1])], strict=True)
    contest = Contest(tasks, landscapes, 30, knowledge=known)
    answer = hold(contest, ["rc-nas"], seeds, workers, Silent())["rc-nas"]
    assert isinstance(answer, Played), answer
    return answer


def measured(variant: str, seed: int, suite: Suite, seeds: range, workers: Workers) -> dict[str, list[float]]:
    """Means of each task: regret at the end and queries to the 95th percentile, alone and with the surrogate."""
    whole = knowledge(variant, seed, suite)
    own = {name: tensor for name, tensor in whole.tensors.items() if not name.startswith("experience.")}
    found = {}
    for name, kept in (("alone", Knowledge(own, whole.agent)), ("with the surrogate", whole)):
        runs = played(kept, suite, seeds, workers)
        found[f"{name}: simple regret"] = runs.final.mean(1).tolist()
        found[f"{name}: queries to 95"] = runs.to_95.double().mean(1).tolist()
    return found


@click.command()
@click.option("--meta-seeds", default=3)
@click.option("--seeds", default=10)
@click.option("--workers", "count", default=2)
def main(meta_seeds: int, seeds: int, count: int) -> None:
    """Meta-train and try every variant; what is there already is not done again."""
    torch.set_num_threads(1)
    results, suite = Results.open(FOLDER / "ablations.json", facts(torch.device("cpu"))), load_suite("digits")
    with Workers(count) as workers:
        for seed, variant in product(range(meta_seeds), VARIANTS):
            if not results.find(variant=variant, seed=seed):
                found = measured(variant, seed, suite, range(seeds), workers)
                results.add({"variant": variant, "seed": seed, "searches": seeds, "found": found})
                print(f"{variant}, seed {seed}", file=sys.stderr)


if __name__ == "__main__":
    main()
