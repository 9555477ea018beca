import sys
import warnings
from dataclasses import replace
from itertools import product

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.optuna_search import NSGA2, POPULATION, START_UP, TPE, OptunaSearcher, warm_tpe
from rcnas_zoo.search.optuna_study import Advice
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.spec.residual import StageSpec
from tests.search.formula import make_problem, outcome_of
from tests.search.learning import late_reward, mean_best
from tests.search.test_listed import DEAR, SMALL, WIDE, knowledge_of

TASK = "digits/pgd-20/wrn-16-2/8m"
SEEDS = 10
WHOLE = (StageSpec(4, 160), StageSpec(1, 16), StageSpec(3, 40))


def told(kind, networks=12) -> Advice:
    """A study that knows so many networks, of which the wider first stage is always the better."""
    advice = Advice(kind, WHOLE)
    for number in range(networks):
        stages = (replace(WHOLE[0], width=16 * (1 + number % 10)), WHOLE[1], WHOLE[2])
        advice.tell(stages, [float(number % 10), 1.0][: len(kind.directions)])
    return advice


def anything(_) -> bool:
    return True


@pytest.mark.parametrize("kind", [TPE, NSGA2], ids=["tpe", "nsga2"])
def test_what_is_asked_hangs_on_what_was_told_and_on_the_seed(kind):
    first, second = told(kind), told(kind)
    for seed in (3, 4, 5):
        first.ask(seed, 2, lambda _: False)
    answers = [second.ask(seed, 1, anything) for seed in range(6)]
    assert [first.ask(seed, 1, anything) for seed in range(6)] == answers
    assert len(set(answers)) > 1


@pytest.mark.parametrize("kind", [TPE, NSGA2], ids=["tpe", "nsga2"])
def test_what_is_asked_lies_within_the_whole(kind):
    advice = told(kind)
    for seed in range(20):
        for stage, whole in zip(advice.ask(seed, 1, anything), WHOLE, strict=True):
            assert 1 <= stage.depth <= whole.depth
            assert stage.width in range(16, max(16, whole.width) + 1, 16)


@pytest.mark.parametrize("kind", [TPE, NSGA2], ids=["tpe", "nsga2"])
def test_an_unwanted_network_is_asked_for_again_and_in_the_end_there_is_none(kind):
    first = told(kind).ask(0, 1, anything)
    assert told(kind).ask(0, 5, lambda stages: stages != first) not in (None, first)
    assert told(kind).ask(0, 4, lambda _: False) is None


def test_tpe_takes_the_most_promising_of_the_wanted():
    """Of the candidates of one ask, so that the densities are fitted once."""
    seen = []
    found = told(TPE, 24).ask(0, 1, lambda stages: seen.append(stages) or stages[0].width <= 64)
    assert found == next(stages for stages in seen if stages[0].width <= 64)
    assert seen[0] == told(TPE, 24).ask(0, 1, anything)
    assert seen[0][0].width > 64


@pytest.mark.parametrize("kind", [TPE, NSGA2], ids=["tpe", "nsga2"])
def test_samplers_ask_for_what_did_well(kind):
    advice = told(kind, 24)
    widths = [advice.ask(seed, 1, anything)[0].width for seed in range(20)]
    # 88 on average if drawn uniformly from 16 to 160.
    assert sum(widths) / len(widths) > 105


def test_networks_larger_than_the_whole_count_as_large_as_that():
    advice = Advice(TPE, WHOLE)
    advice.tell((StageSpec(9, 640), StageSpec(1, 16), StageSpec(3, 32)), [1.0])


def visits(searcher, problem, queries):
    found = []
    for _ in range(queries):
        [proposal] = searcher.propose(1)
        searcher.observe(proposal, outcome_of(problem, proposal.spec))
        found.append(proposal.spec)
    return found


@pytest.mark.parametrize(("kind", "start_up"), [(TPE, START_UP), (NSGA2, POPULATION)], ids=["tpe", "nsga2"])
def test_until_enough_is_known_networks_are_random(problem, space, kind, start_up):
    searcher = OptunaSearcher(kind, Feasible.within(space, problem.budget), 0)
    by_chance = [proposal.spec for proposal in RandomSearcher(space, problem.budget, 0).propose(start_up + 1)]
    found = visits(searcher, problem, start_up + 1)
    assert found[:-1] == by_chance[:-1]
    assert found[-1] != by_chance[-1]


def test_a_warm_start_begins_with_the_affordable_winners_of_other_tasks(space):
    problem = make_problem("digits/pgd-20/wrn-16-2/3m")
    given = Given(space, 9, knowledge=knowledge_of(SMALL, WIDE, WIDE, DEAR))
    found = visits(warm_tpe(problem, given), problem, 3)
    assert found[:2] == [space.fit(WIDE), space.fit(SMALL)]
    assert cost(found[2]).macs <= problem.budget


def test_no_more_winners_than_there_would_be_random_networks(space):
    problem = make_problem("digits/pgd-20/wrn-16-2/50m")
    pairs = product((16, 32), (16, 32, 48, 64))
    winners = [(StageSpec(1, first), StageSpec(1, second), StageSpec(1, 16)) for first, second in pairs]
    searcher = warm_tpe(problem, Given(space, 9, knowledge=knowledge_of(*winners)))
    found = visits(searcher, problem, 7)
    assert {spec.stages for spec in found[:START_UP]} < set(winners)
    assert found[START_UP].stages not in winners


def test_optuna_is_imported_by_who_uses_it_and_says_nothing(problem, space, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        visits(OptunaSearcher(TPE, Feasible.within(space, problem.budget), 0), problem, 8)
    assert capfd.readouterr() == ("", "")
    assert "optuna" in sys.modules


@pytest.mark.parametrize("method", ["tpe", "nsga2"])
def test_what_they_propose_late_is_better_than_chance(method):
    assert late_reward(method, SEEDS, TASK) > late_reward("random", SEEDS, TASK) + 0.03


def test_tpe_finds_more_than_chance():
    """NSGA-II, which wants cheap networks too, does not within 30 queries."""
    assert mean_best("tpe", SEEDS, TASK) > mean_best("random", SEEDS, TASK) + 0.01
