"""The claim of the whole method, on the shipped oracles with the shipped policy: worth its cost, or this fails."""

from functools import cache

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.oracles.landscape import task_landscape, why_dropped
from rcnas_zoo.oracles.suite import load_suite
from rcnas_zoo.search.contest import Contest, Played, hold
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.zoo.catalogue import catalogue_root
from rcnas_zoo.zoo.policy import read_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors

SEEDS = range(4)


@cache
def policy() -> dict[str, torch.Tensor]:
    return dict(read_policy_tensors(read_policy(catalogue_root() / "rcnas-policy")))


def without_evaluations(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The policy alone: nothing to fit a surrogate on."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("experience.")}


def shuffled(tensors: dict[str, torch.Tensor], part: str) -> dict[str, torch.Tensor]:
    """The same numbers in the tensors of a part, in another order."""
    generator = torch.Generator().manual_seed(0)

    def mixed(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.flatten()[torch.randperm(tensor.numel(), generator=generator)].reshape(tensor.shape)

    return {name: mixed(tensor) if name.startswith(part) else tensor for name, tensor in tensors.items()}


def play(methods: tuple[str, ...], tensors: dict[str, torch.Tensor], queries: int) -> dict[str, Played]:
    surveyed = [(task, task_landscape(task, RewardSettings())) for task in load_suite("digits").held_out]
    kept = [(task, found) for task, found in surveyed if not why_dropped(found)]
    tasks, landscapes = zip(*kept, strict=True)
    contest = Contest(tasks, landscapes, queries, knowledge=Knowledge(tensors))
    with Workers(1) as workers:
        played = hold(contest, methods, SEEDS, workers, Silent())
    assert all(isinstance(found, Played) for found in played.values())
    return played


def tasks_won(first: torch.Tensor, second: torch.Tensor) -> tuple[int, int]:
    """Tasks in which the first needs less than the second, and in which they differ, of (tasks, seeds)."""
    difference = first.double().mean(1) - second.double().mean(1)
    return int((difference < 0).sum()), int((difference != 0).sum())


def mean(values: torch.Tensor) -> float:
    return float(values.double().mean())


def p_value(won: int, tasks: int) -> float:
    """One-sided sign test."""
    from scipy.stats import binomtest

    return float(binomtest(won, tasks, alternative="greater").pvalue) if tasks else 1.0


def beats(played: dict[str, Played], rival: str) -> bool:
    """Whether rc-nas ends with less regret on more tasks than chance would have it."""
    return p_value(*tasks_won(played["rc-nas"].final, played[rival].final)) < 0.01


def test_at_thirty_queries_rc_nas_finds_better_networks_than_what_knows_of_no_other_task():
    rivals = ("random", "evolution", "tpe", "nsga2", "r-nas")
    played = play(("rc-nas", *rivals), policy(), 30)
    assert len(played["rc-nas"].final) >= 20
    assert beats(played, "random")
    for rival in rivals:
        assert mean(played["rc-nas"].final) < mean(played[rival].final), rival
    assert mean(played["rc-nas"].to_95) <= mean(played["r-nas"].to_95) / 2


def test_it_does_not_once_the_outcomes_of_the_meta_training_are_shuffled():
    # They carry rc-nas: without them it still learns within thirty queries, but no sooner than a fresh agent does.
    # If this passed, the test above would prove nothing of the meta-training.
    played = play(("rc-nas", "r-nas"), shuffled(policy(), "experience.ratio"), 30)
    assert mean(played["rc-nas"].to_95) > mean(played["r-nas"].to_95) / 2


@pytest.mark.parametrize("tampered", [False, True], ids=["shipped", "shuffled"])
def test_the_policy_alone_finds_good_networks_sooner_than_chance(tampered):
    # A shuffled one must fail here, too.
    tensors = without_evaluations(shuffled(policy(), "policy.") if tampered else policy())
    played = play(("rc-nas", "random"), tensors, 30)
    sooner = p_value(*tasks_won(played["rc-nas"].to_95, played["random"].to_95)) < 0.01
    assert sooner is not tampered
