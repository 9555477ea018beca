from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.oracles.fitted import FittedEvaluator
from rcnas_zoo.oracles.landscape import task_landscape
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.oracles.suite import suite_on
from rcnas_zoo.search import contest as contests
from rcnas_zoo.search.contest import Contest, Job, cold_encoder, hold, seed_on
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.registry import make_searcher
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.search.whole import WholeSpace
from rcnas_zoo.spec.observer import Silent
from tests.oracles.tables import formula_table
from tests.search.experience import small_knowledge

QUERIES = 4


@pytest.fixture(scope="module")
def contest():
    tasks = suite_on(formula_table(60)).held_out[4:6]
    return Contest(tasks, tuple(task_landscape(task, RewardSettings()) for task in tasks), QUERIES)


def held(contest, methods=("random",), seeds=(0, 1, 2), count=1):
    with Workers(count) as workers:
        return hold(contest, methods, seeds, workers, Silent())


def test_every_method_gets_every_task_and_seed(contest):
    found = held(contest, seeds=(5, 3, 9))["random"]
    assert found.regrets.shape == (2, 3, QUERIES)
    assert found.to_95.shape == (2, 3)
    assert bool((found.regrets[..., 1:] <= found.regrets[..., :-1]).all())
    assert bool((found.final >= 0).all())


def test_a_run_is_the_search_of_its_seed(contest):
    task, landscape = contest.tasks[1], contest.landscapes[1]
    searcher = make_searcher("random", task.problem, Given(TabulatedSpace.on(task.table), QUERIES, seed_on(task, 3)))
    visits = run_searcher(searcher, task.problem, ReplayEvaluator(task.table), QUERIES, 1, Silent()).visits
    best = max(visit.outcome.reward for visit in visits)
    found = held(contest, seeds=(5, 3))["random"]
    expected = (landscape.best - best) / (landscape.best - landscape.median)
    assert float(found.final[1, 1]) == pytest.approx(expected)


def test_with_fitted_answers_the_search_is_in_the_whole_space_and_judged_by_the_table(contest):
    task, landscape = contest.tasks[1], contest.landscapes[1]
    searcher = make_searcher("random", task.problem, Given(WholeSpace(task.table.grid), QUERIES, seed_on(task, 3)))
    visits = run_searcher(searcher, task.problem, FittedEvaluator(task.table), QUERIES, 1, Silent()).visits
    assert any(visit.proposal.spec not in task.table.specs for visit in visits)
    best = max(visit.outcome.reward for visit in visits)
    found = held(replace(contest, answers="fitted"), seeds=(5, 3))["random"]
    assert float(found.final[1, 1]) == pytest.approx((landscape.best - best) / (landscape.best - landscape.median))


@pytest.mark.parametrize("method", ["evolution", "tpe", "nsga2", "portfolio", "surrogate", "rc-nas"])
def test_every_method_finds_its_way_in_the_whole_space(contest, method):
    found = held(replace(contest, answers="fitted", knowledge=small_knowledge()), (method,), seeds=(0,))[method]
    assert bool((found.final < 2).all())


def test_a_seed_is_another_search_on_every_task(contest):
    seeds = [seed_on(task, seed) for task in contest.tasks for seed in range(4)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_workers_and_chunks_change_nothing(contest, monkeypatch):
    alone = held(contest)["random"]
    monkeypatch.setattr(contests, "CHUNK", 2)
    shared = held(contest, count=2)["random"]
    assert torch.equal(alone.regrets, shared.regrets)
    assert torch.equal(alone.to_95, shared.to_95)


def test_the_seeds_differ(contest):
    assert len(set(held(contest, seeds=range(8))["random"].final[0].tolist())) > 1


def test_a_method_that_lacks_what_it_needs_gives_a_reason_and_the_others_go_on(contest):
    found = held(contest, ("surrogate", "random"))
    assert found["surrogate"] == (
        "the method surrogate must start from a policy, got none; give one, such as rcnas-policy"
    )
    assert found["random"].regrets.shape[0] == 2


def test_knowledge_reaches_the_methods_that_ask_for_it(contest):
    found = held(replace(contest, knowledge=small_knowledge()), ("surrogate", "r-nas"), seeds=(0,))
    assert all(not isinstance(played, str) for played in found.values())


def test_a_cold_agent_takes_the_encoder_that_all_share(contest, monkeypatch):
    monkeypatch.setattr(contests, "RcnasSettings", lambda: SMALL)
    encoder = cold_encoder(3)
    assert {name.split(".")[0] for name in encoder.tensors} == {"encoder"}
    given = replace(contest, encoder=encoder)
    assert isinstance(given(Job("r-nas", 0, (0,))), list)
    assert isinstance(given(Job("rc-nas", 0, (0,))), str)


SMALL = contests.RcnasSettings(pretraining_tasks=64, pretraining_steps=2)


def test_progress_counts_the_searches(contest):
    class Told(Silent):
        def __init__(self):
            self.steps = []

        def progress(self, label, done, total, note=""):
            self.steps.append((label, done, total))

    told = Told()
    with Workers(1) as workers:
        hold(contest, ("random", "surrogate"), range(11), workers, told)
    counts = [done for _, done, _ in told.steps]
    assert (counts[0], counts[-1]) == (0, 44)
    assert counts == sorted(counts)
    assert {(label, total) for label, _, total in told.steps} == {("benchmark", 44)}
