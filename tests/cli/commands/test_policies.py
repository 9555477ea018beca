"""The commands that know policies: pull, show, verify, list."""

import pytest

from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.workflows.policies import policy_config
from rcnas_zoo.zoo import catalogue
from rcnas_zoo.zoo.policy_writing import write_policy

from ..answers import document, error_line, refusal

SMALL = RcnasSettings(lstm_size=2, state_size=4, hidden_size=4, pretraining_tasks=16, pretraining_steps=1)
TASK = "digits/pgd-2/wrn-10-1/500k linf@1/5"


@pytest.fixture
def shipped(tmp_path, here, monkeypatch):
    """A catalogue with a policy and nothing else."""
    root = tmp_path / "catalogue"
    root.mkdir()
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: root)
    tensors = policy_part(Actor.fresh(SMALL, 3).state())
    return write_policy(root / "rcnas-policy", policy_config(SMALL, 3, [TASK], {"seed": 0}), tensors).folder


def test_a_policy_is_pulled_shown_and_verified_like_a_network(run, shipped, here):
    pulled = document(run("pull", "rcnas-policy", "--json"))
    assert (pulled["name"], pulled["source"], pulled["version"]) == ("rcnas-policy", "catalogue", None)
    assert pulled["folder"] == str(here / "rcnas-policy")
    for name in ("rcnas-policy", "./rcnas-policy"):
        shown = document(run("show", name, "--json"))
        assert (shown["kind"], shown["stages"], shown["tasks"]) == ("policy", 3, [TASK])
        assert shown["agent"]["hidden_size"] == 4
        checks = document(run("verify", name, "--json"))["checks"]
        assert [check["name"] for check in checks] == ["config", "hashes", "tensors file", "finite tensors", "agent"]
    assert run("pull", "rcnas-policy").stdout == "rcnas-policy from the catalogue is in rcnas-policy\n"
    assert '"lineage": {\n    "seed": 0\n  }' in run("show", "rcnas-policy").stdout


def test_networks_alone_are_listed(run, shipped):
    assert document(run("list", "--json")) == []
    assert document(run("list", "--refresh", "--json")) == []


def test_a_damaged_policy_is_refused_with_the_code_for_it(run, shipped, here):
    run("pull", "rcnas-policy", "--to", "mine")
    content = (here / "mine" / "policy.safetensors").read_bytes()
    (here / "mine" / "policy.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = run("verify", "./mine")
    assert answer.exit_code == 4
    assert "FAIL  hashes" in answer.stdout
    assert "every check must pass, but 'hashes' does not" in error_line(answer)
    assert run("show", "./mine").exit_code == 4
    (here / "mine" / "policy.safetensors").unlink()
    assert run("finetune", "digits/pgd-2/wrn-10-1/500k", "--policy", "./mine").exit_code == 3


def test_a_policy_is_no_network(run, shipped):
    answer = run("evaluate", "rcnas-policy")
    assert answer.exit_code == 2
    assert "a network must be named, got the policy rcnas-policy" in refusal(answer)
    assert run("pull", "rcnas-policy", "--architecture").exit_code == 2
    assert run("pull", "rcnas-policy:3").exit_code == 3
