from dataclasses import asdict, replace

import pytest
import torch

from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, RcnasSettings
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.workflows.agents import FIXED, choose_agent
from rcnas_zoo.workflows.policies import policy_config
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.zoo import catalogue
from rcnas_zoo.zoo.policy_registry import publish_policy
from rcnas_zoo.zoo.policy_writing import write_policy

SMALL = RcnasSettings(lstm_size=2, state_size=4, hidden_size=4, pretraining_tasks=16, pretraining_steps=1)
TASK = "digits/pgd-2/wrn-10-1/500k linf@1/5"


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch, here):
    """An empty catalogue, and an empty registry."""
    root = tmp_path / "catalogue"
    root.mkdir()
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: root)
    return root


@pytest.fixture
def make(tmp_path):
    """Writes the policy of a small agent of other settings."""

    def write(folder=tmp_path / "policy", stages=3, experience=False, **changes):
        settings = replace(SMALL, **changes)
        tensors = policy_part(Actor.fresh(settings, stages).state())
        extra = {"experience.rewards": torch.tensor([1.0])} if experience else {}
        return write_policy(folder, policy_config(settings, stages, [TASK], {}), {**tensors, **extra}).folder

    return write


def test_none_is_a_fresh_agent_whatever_is_shipped(make, shipped, machine):
    make(shipped / "rcnas-policy")
    agent = choose_agent(FinetuneSettings(policy="none", agent_changes={"steps": 2}), 3, machine)
    assert (agent.settings, agent.policy, agent.note) == (RcnasSettings(steps=2), None, "")


def test_with_a_policy_the_agent_is_a_careful_one_of_its_sizes(make, machine):
    folder = make(lips=False, experience=True, learning_rate=0.5)
    agent = choose_agent(FinetuneSettings(policy=str(folder), agent_changes={"steps": 2}), 3, machine)
    sizes = {name: getattr(SMALL, name) for name in FIXED}
    assert asdict(agent.settings) == {**asdict(FINE_TUNING), **sizes, "lips": False, "steps": 2}
    assert "experience.rewards" in agent.policy
    assert agent.tasks == (TASK,)
    assert agent.lineage["source"] == "folder"


def test_a_registered_policy_is_named_with_its_version(make, machine, here):
    publish_policy(make(), here)
    for text in ("", "rcnas-policy", "rcnas-policy@champion", "rcnas-policy:1"):
        agent = choose_agent(FinetuneSettings(policy=text), 3, machine)
        assert (agent.lineage["source"], agent.lineage["version"], agent.note) == ("registry", 1, "")


def test_by_default_the_shipped_policy_is_taken_if_it_fits_and_else_none_with_a_note(make, shipped, machine):
    agent = choose_agent(FinetuneSettings(), 3, machine)
    assert (agent.policy, agent.settings) == (None, RcnasSettings())
    assert "the agent starts afresh, as with --policy none, for the policy 'rcnas-policy' must be in" in agent.note
    make(shipped / "rcnas-policy")
    agent = choose_agent(FinetuneSettings(), 3, machine)
    assert (agent.lineage["source"], agent.note) == ("catalogue", "")
    agent = choose_agent(FinetuneSettings(), 4, machine)
    assert (agent.policy, agent.settings) == (None, RcnasSettings())
    assert "a policy must be for teachers of 4 stages, as this one, got one for 3" in agent.note
    agent = choose_agent(FinetuneSettings(agent_changes={"lips": False}), 3, machine)
    assert (agent.policy, agent.settings) == (None, RcnasSettings(lips=False))


def test_a_shipped_policy_that_is_damaged_is_no_reason_to_go_on_without(make, shipped, machine):
    folder = make(shipped / "rcnas-policy")
    (folder / "policy.safetensors").write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match=r"policy\.safetensors must match its sha256"):
        choose_agent(FinetuneSettings(), 3, machine)


def test_a_policy_for_another_number_of_stages_is_refused_when_each_has_its_own_mlp(make, machine, tmp_path):
    settings = FinetuneSettings(policy=str(make(stage_mlp="per-stage")))
    assert choose_agent(settings, 3, machine).policy
    with pytest.raises(InvalidInput, match=r"for teachers of 4 stages, as this one, got one for 3 .* --policy none"):
        choose_agent(settings, 4, machine)
    shared = FinetuneSettings(policy=str(make(tmp_path / "shared")))
    assert choose_agent(shared, 4, machine).policy


@pytest.mark.parametrize("change", [{"lips": False}, {"cost": False}, {"hidden_size": 8}, {"stage_mlp": "per-stage"}])
def test_what_a_policy_was_trained_with_cannot_be_changed(change, make, machine):
    settings = FinetuneSettings(policy=str(make()), agent_changes=change)
    with pytest.raises(InvalidInput, match=f"{next(iter(change))} of the agent must be .*, as its policy was trained"):
        choose_agent(settings, 3, machine)


def test_tensors_of_another_size_than_the_policy_says_are_refused(make, tmp_path, machine):
    tensors = policy_part(Actor.fresh(SMALL, 3).state())
    write_policy(tmp_path / "wrong", policy_config(replace(SMALL, hidden_size=8), 3, [], {}), tensors)
    with pytest.raises(IntegrityError, match="must fit the agent's settings") as caught:
        choose_agent(FinetuneSettings(policy=str(tmp_path / "wrong")), 3, machine)
    assert "\n" not in str(caught.value)


def test_a_policy_that_was_named_must_be_there(machine):
    with pytest.raises(NotFound, match="'rcnas-policy' must be in the registry"):
        choose_agent(FinetuneSettings(policy="rcnas-policy"), 3, machine)
    with pytest.raises(NotFound, match=r"a policy must be a folder with a policy.json"):
        choose_agent(FinetuneSettings(policy="./nowhere"), 3, machine)
