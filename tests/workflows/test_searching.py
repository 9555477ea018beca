import json
from dataclasses import replace
from pathlib import Path

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.tensors import prefixed
from rcnas_zoo.search.registry import METHODS
from rcnas_zoo.workflows import searching
from rcnas_zoo.workflows.found import visits_table
from rcnas_zoo.workflows.policies import policy_config
from rcnas_zoo.workflows.prepare import prepare
from rcnas_zoo.workflows.searching import agent_search, method_name, rival_search, rival_searches
from rcnas_zoo.workflows.settings import RIVALS
from rcnas_zoo.zoo.policy import read_policy
from rcnas_zoo.zoo.policy_writing import write_policy
from tests.search.experience import small_knowledge
from tests.search.formula import Formula, make_problem

from .quick import QUICK_AGENT, TASK, quick_settings

PROBLEM = make_problem(str(TASK))


def random_search(session, problem):
    return rival_search(session, problem, "random")


@pytest.fixture(autouse=True)
def formula(monkeypatch):
    """Nothing is trained: robust accuracy is a formula of the network."""
    made = Formula()
    monkeypatch.setattr(searching, "TrainingEvaluator", lambda *_: made)
    return made


def with_settings(session, undisturbed, **changes):
    return replace(session, prepared=prepare(TASK, quick_settings(**changes), undisturbed.machine))


def kept(session, path, folder):
    return Path(session.store.client().download_artifacts(session.run.id, path, str(folder)))


@pytest.mark.parametrize(("search", "name"), [(agent_search, "r-nas"), (random_search, "random")])
def test_a_search_keeps_all_its_visits_with_the_run(search, name, session, tmp_path):
    result = search(session, PROBLEM)
    assert len(result.visits) == 4
    assert json.loads(kept(session, f"search/{name}.json", tmp_path).read_text()) == visits_table(result)
    assert sorted(session.run.finished_children()) == [f"{name}/{number:03}" for number in range(4)]


@pytest.mark.parametrize(("search", "batches"), [(agent_search, [2, 2, 2]), (random_search, [6])])
def test_the_agent_visits_a_step_at_a_time_and_chance_all_at_once(search, batches, session, undisturbed, formula):
    agent = replace(QUICK_AGENT, steps=2)
    search(with_settings(session, undisturbed, agent=agent, iterations=3), PROBLEM)
    assert formula.batches == batches


def test_chance_stays_within_the_budget_and_hangs_on_the_seed(session, undisturbed):
    first, again = random_search(session, PROBLEM), random_search(session, PROBLEM)
    other = random_search(with_settings(session, undisturbed, seed=1), PROBLEM)
    assert first.visits == again.visits != other.visits
    assert all(cost(visit.proposal.spec).macs <= PROBLEM.budget for visit in first.visits)


def test_a_policy_that_one_run_logged_is_what_the_next_one_starts_from(session, undisturbed, tmp_path):
    learned = policy_part(agent_search(session, PROBLEM).state)
    folder = str(kept(session, "policy", tmp_path))
    frozen = replace(QUICK_AGENT, learning_rate=0.0)
    later = with_settings(session, undisturbed, policy=folder, agent=frozen)
    assert (method_name(session), method_name(later)) == ("r-nas", "rc-nas")
    unchanged = policy_part(agent_search(later, PROBLEM).state)
    assert all(unchanged[name].equal(tensor) for name, tensor in learned.items())
    assert "rc-nas/000" in session.run.finished_children()
    assert read_policy(folder).config.tasks == ("digits/pgd-2/wrn-10-1/500k linf@1/5",)


def test_a_cold_search_is_that_of_a_run_without_a_policy(session, undisturbed, tmp_path):
    alone = agent_search(session, PROBLEM)
    folder = str(kept(session, "policy", tmp_path))
    careful = replace(QUICK_AGENT, learning_rate=1e-3, temperature_end=0.3)  # as FINE_TUNING
    later = with_settings(session, undisturbed, policy=folder, agent=careful, compare=("random", "r-nas"))
    rivals = rival_searches(later, PROBLEM)
    assert list(rivals) == ["r-nas", "random"]
    assert rivals["r-nas"].visits == alone.visits
    assert rivals["random"].visits == random_search(session, PROBLEM).visits
    assert rival_searches(session, PROBLEM) == {}


def test_every_search_method_can_be_a_rival_of_as_many_visits(session, undisturbed, tmp_path):
    own = policy_part(Actor.fresh(QUICK_AGENT, 3).state())
    tensors = {**own, **prefixed("paper", own), **small_knowledge().experience.tensors()}
    folder = write_policy(tmp_path / "policy", policy_config(QUICK_AGENT, 3, [], {}), tensors).folder
    everything = set(METHODS) - {"rc-nas", "robustresnet"}
    asked = with_settings(session, undisturbed, policy=str(folder), compare=(*everything, "teacher"))
    rivals = rival_searches(asked, PROBLEM)
    assert set(rivals) == everything == set(RIVALS)
    assert {len(found.visits) for found in rivals.values()} == {4}
    assert "tpe-warm/003" in session.run.finished_children()
