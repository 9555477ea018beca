"""The policy that the catalogue ships: the agent, meta-trained on the first half of the digits oracle.

python benchmarks/make_policy.py registry/rcnas-policy

Nothing is trained but the agent, so this takes a minute or two. Under ``paper.`` the entry holds a second policy, which
was meta-trained as Algorithm 1 prints it; the method rc-nas-paper starts from that.
"""

import sys
from pathlib import Path

import click
import torch
from torch import Tensor

from rcnas_zoo.oracles.suite import load_suite
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.meta import MetaSettings, MetaTrainer, meta_agent, printed_agent
from rcnas_zoo.search.rcnas.tensors import prefixed
from rcnas_zoo.search.tabulated_tasks import TabulatedTasks
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.policies import policy_config, policy_tensors, seen_tasks
from rcnas_zoo.zoo.policy_writing import write_policy

STAGES = 3


def trained(settings: MetaSettings, tasks: TabulatedTasks, seed: int) -> MetaTrainer:
    """A meta-training, done."""
    trainer = MetaTrainer(settings, Actor.fresh(settings.agent, STAGES, seed), tasks, seed)
    rewards: list[float] = []
    while not trainer.finished:
        rewards.append(trainer.step(Silent()).outcome.reward)
        if len(rewards) % 100 == 0:
            print(f"{len(rewards)}/{trainer.total}: mean reward {sum(rewards[-100:]) / 100:.3f}", file=sys.stderr)
    return trainer


def printed(settings: MetaSettings, tasks: TabulatedTasks, seed: int) -> dict[str, Tensor]:
    """The tensors of the policy that is trained as printed."""
    return prefixed("paper", policy_part(trained(settings, tasks, seed).state()))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--iterations", default=400)
@click.option("--seed", default=0)
def main(folder: Path, iterations: int, seed: int) -> None:
    """Meta-train on the digits oracle and write the entry."""
    torch.set_num_threads(1)
    tasks = TabulatedTasks(load_suite("digits").training)
    agent = meta_agent(iterations)
    trainer = trained(MetaSettings(iterations, agent=agent), tasks, seed)
    experience, seen = seen_tasks(trainer.experience(), tasks.names)
    paper = printed(MetaSettings(iterations, students_enter=True, agent=printed_agent()), tasks, seed)
    lineage = {"method": "meta-train", "oracle": "digits", "half": 0, "seed": seed, "iterations": iterations}
    config = policy_config(agent, STAGES, seen, lineage)
    entry = write_policy(folder, config, policy_tensors(trainer.state(), experience.tensors(), paper))
    print(f"{entry.folder}: {len(seen)} tasks, {len(experience)} evaluations")


if __name__ == "__main__":
    main()
