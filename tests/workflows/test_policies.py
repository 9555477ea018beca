from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rcnas_zoo.search.knowledge import Experience
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.policies import (
    agent_settings,
    load_actor,
    log_policy,
    policy_config,
    policy_tensors,
    seen_tasks,
)
from rcnas_zoo.workflows.publish import publish_entry
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo.policy import read_policy
from rcnas_zoo.zoo.policy_registry import find_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors, write_policy

from .quick import QUICK_AGENT

TASK = "digits/pgd-2/wrn-10-1/500k linf@1/5"


@pytest.fixture(scope="module")
def state():
    return Actor.fresh(QUICK_AGENT, 3).state()


@pytest.fixture
def folder(state, tmp_path):
    return write_policy(tmp_path / "policy", policy_config(QUICK_AGENT, 3, [TASK], {}), policy_part(state)).folder


def test_of_an_agents_state_a_policy_keeps_all_but_what_the_run_alone_needs(state):
    earlier = {"encoder.mean": torch.ones(3), "experience.rewards": torch.tensor([1.0])}
    searcher = {"searcher.seen": torch.zeros(0, 32), "optimiser.x": torch.ones(1)}
    kept = policy_tensors(earlier, {**state, **searcher})
    assert kept.keys() == {*policy_part(state), "experience.rewards"}
    assert torch.equal(kept["encoder.mean"], state["encoder.mean"])


def test_a_policy_that_a_run_logged_is_a_policy_folder(store, state, tmp_path):
    config = policy_config(QUICK_AGENT, 3, [TASK, TASK], {"seed": 5})
    with open_run(store, "finetune", "x", {}) as run:
        log_policy(run, policy_part(state), config)
    entry = read_policy(Path(store.client().download_artifacts(run.id, "policy", str(tmp_path))))
    assert (entry.config.tasks, entry.config.lineage) == ((TASK,), {"seed": 5})
    assert agent_settings(entry.config) == QUICK_AGENT
    again = load_actor(entry.config, read_policy_tensors(entry)).state()
    assert all(torch.equal(again[name], tensor) for name, tensor in policy_part(state).items())


def test_settings_of_another_agent_are_refused(folder):
    config = read_policy(folder).config
    with pytest.raises(InvalidInput, match="the agent of a policy has no field 'size'"):
        agent_settings(replace(config, agent={**config.agent, "size": 3}))
    with pytest.raises(InvalidInput, match="steps must be at least 1"):
        agent_settings(replace(config, agent={**config.agent, "steps": 0}))


def test_a_policy_verifies_if_an_agent_can_be_made_of_it(folder, state, tmp_path):
    assert verify_entry(str(folder)).passed
    wrong = policy_config(replace(QUICK_AGENT, hidden_size=8), 3, [TASK], {})
    write_policy(tmp_path / "wrong", wrong, policy_part(state))
    report = verify_entry(str(tmp_path / "wrong"))
    (failed,) = [check for check in report.checks if not check.passed]
    assert failed.name == "agent"
    assert "must fit the agent's settings" in failed.detail


def test_the_experience_that_is_kept_is_of_the_tasks_that_were_drawn_each_once():
    nothing = float("nan")
    experience = Experience(
        task=torch.tensor([3, 1, 3, 2]),
        stages=torch.zeros(4, 3, 4, dtype=torch.int64),
        ratio=torch.ones(4, dtype=torch.float64),
        reward=torch.arange(4, dtype=torch.float64),
        severity=torch.tensor([nothing, 0.25, 0.25, 0.5], dtype=torch.float64),
    )
    kept, seen = seen_tasks(experience, ["never", "twice", "twice", "once"])
    assert seen == ("twice", "once")
    assert (kept.task.tolist(), kept.severity.tolist()) == ([1, 0, 1, 0], [0.25, 0.5])
    assert kept.reward.tolist() == [0, 1, 2, 3]


def test_a_policy_is_published_out_of_a_folder_or_of_the_run_that_kept_it(here, state, folder, tmp_path):
    assert publish_entry(str(folder), "rcnas-policy").aliases == ("champion",)
    with open_run(here, "finetune", "x", {}) as run:
        log_policy(run, policy_part(state), policy_config(QUICK_AGENT, 3, [TASK], {"seed": 5}))
    published = publish_entry(run.id, "rcnas-policy", ("champion",))
    assert (published.version, published.aliases) == (2, ("champion",))
    assert here.client().get_model_version("rcnas-policy", "2").run_id == run.id
    assert find_policy("rcnas-policy", tmp_path / "cache", here).entry.config.lineage == {"seed": 5}
    with open_run(here, "train", "x", {}) as other, pytest.raises(NotFound, match=r"policy\.json must be in"):
        publish_entry(other.id, "rcnas-policy")
    with pytest.raises(NotFound, match=r"a policy must be a folder with a policy\.json"):
        publish_entry("./nowhere", "rcnas-policy")
