import shutil
from dataclasses import replace

import numpy as np
import pytest

from rcnas_zoo.candidates import source
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows import prepare as prepare_module
from rcnas_zoo.workflows.policies import policy_config
from rcnas_zoo.workflows.prepare import prepare, rule_network
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.zoo.policy_registry import publish_policy
from rcnas_zoo.zoo.policy_writing import write_policy

from .quick import QUICK_AGENT, TASK, quick_settings


@pytest.fixture
def policy(tmp_path):
    """A folder with a policy for teachers of three stages."""
    config = policy_config(QUICK_AGENT, 3, [], {})
    return str(write_policy(tmp_path / "policy", config, policy_part(Actor.fresh(QUICK_AGENT, 3).state())).folder)


def write_npz(path, seed):
    images = np.random.default_rng(seed).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.arange(60) % 3
    np.savez(path, train_images=images, train_labels=labels, test_images=images, test_labels=labels)


def test_candidates_and_kept_networks_get_their_own_recipes_for_the_threat(machine, no_test_images):
    prepared = prepare(TASK, FinetuneSettings(policy="none"), machine)
    assert prepared.search.recipe == named_recipe("digits-search")
    assert prepared.final == replace(prepared.search, recipe=named_recipe("digits-final"))
    assert (prepared.threat, prepared.search.cache) == (ThreatModel.parse("linf@1/5"), machine.cache)
    assert (prepared.notes, prepared.policy) == ((), None)


def test_a_kept_network_may_have_another_recipe_and_fewer_images(machine):
    settings = FinetuneSettings(policy="none", final_recipe="digits-search", final_train_size=200, final_epochs=2)
    prepared = prepare(TASK, settings, machine)
    assert prepared.final.recipe == named_recipe("digits-search").with_changes(epochs=2)
    assert len(prepared.final.source.splits().train) == 200
    assert len(prepared.search.source.splits().train) > 1000
    assert prepared.search.recipe == named_recipe("digits-search")
    assert prepare(TASK, replace(settings, search_recipe="digits-final"), machine).search.recipe.epochs == 20
    with pytest.raises(InvalidInput, match="a training recipe"):
        prepare(TASK, replace(settings, final_recipe="digits"), machine)


def test_epochs_threat_and_seed_are_those_of_the_settings(machine):
    threat = ThreatModel.parse("linf@1/10")
    prepared = prepare(TASK, quick_settings(threat=threat, search_epochs=2, final_epochs=3, seed=5), machine)
    assert (prepared.search.recipe.epochs, prepared.final.recipe.epochs) == (2, 3)
    assert prepared.search.recipe.threat == prepared.final.recipe.threat == "linf@1/10"
    assert prepared.search.seed == prepared.final.seed == 5


def test_the_cores_are_shared_by_the_workers(machine, monkeypatch):
    monkeypatch.setattr(prepare_module, "available_cores", lambda: 8)
    threads = [prepare(TASK, quick_settings(), replace(machine, workers=n)).search.threads for n in (1, 3, 16)]
    assert threads == [8, 2, 1]


def test_a_budget_that_does_not_bind_is_noted(machine):
    prepared = prepare(Task.parse("digits/pgd-2/wrn-10-1/1m"), quick_settings(), machine)
    assert prepared.notes == ("the budget 1m does not bind: the teacher costs 763.52 K MACs",)


def test_a_teacher_that_is_the_one_named_needs_no_note(trained, machine):
    settings = quick_settings(teacher_weights=str(trained.entry.folder))
    assert prepare(TASK, settings, machine).notes == ()
    (note,) = prepare(Task.parse("digits/pgd-2/wrn-16-1/500k"), settings, machine).notes
    assert note == "the teacher is 'mine' with 763.52 K MACs, not the wrn-16-1 that the task names"


def test_a_comparison_with_a_cold_search_needs_a_policy(policy, machine):
    compare = ("r-nas", "teacher")
    assert prepare(TASK, quick_settings(policy=policy, compare=compare), machine).policy
    with pytest.raises(InvalidInput, match=r"r-nas must start from a policy, got none: .*give --policy"):
        prepare(TASK, quick_settings(compare=compare), machine)


def test_a_rival_that_builds_on_a_policy_is_refused_without_one(machine):
    with pytest.raises(InvalidInput, match="a run to compare with surrogate must have a policy, got none"):
        prepare(TASK, quick_settings(compare=("surrogate", "evolution")), machine)


def test_a_policy_is_read_and_what_speaks_against_none_is_noted(policy, machine):
    prepared = prepare(TASK, quick_settings(policy=policy), machine)
    assert {name.split(".")[0] for name in prepared.policy} == {"encoder", "policy"}
    assert prepared.notes == ()


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        ("cifar10/pgd-20/wrn-16-2/2g", InvalidInput, "at most twice the teacher's cost"),
        ("cifar10/pgd-20/wrn-16-2/2k", InvalidInput, "at least the"),
        ("cifar10/pgd-20/wrn-16-2/50m", NotFound, "cifar10"),
        ("npz:/nowhere.npz/pgd-20/wrn-16-2/2m", NotFound, "nowhere.npz"),
    ],
)
def test_a_budget_is_checked_before_known_data_is_opened(task, error, message, machine):
    with pytest.raises(error, match=message):
        prepare(Task.parse(task), quick_settings(), machine)


def test_a_threat_that_no_recipe_trains_against_is_refused(machine):
    with pytest.raises(InvalidInput, match="a search must be for a Linf threat, such as linf@8/255, got l2@1/2"):
        prepare(TASK, quick_settings(threat=ThreatModel.parse("l2@0.5")), machine)


def test_a_brought_teacher_must_fit_the_data(trained, machine, tmp_path):
    write_npz(tmp_path / "mine.npz", 0)
    task = Task.parse(f"npz:{tmp_path}/mine.npz/pgd-2/wrn-10-1/500k")
    with pytest.raises(InvalidInput, match=r"of 3 classes, got .* and 10"):
        prepare(task, quick_settings(teacher_weights=str(trained.entry.folder)), machine)


def test_the_key_of_a_run_hangs_on_what_decides_its_result_and_on_nothing_else(trained, policy, machine, tmp_path):
    weights = str(trained.entry.folder)
    asked = [
        (TASK, quick_settings()),
        (replace(TASK, attack=Task.parse("digits/pgd-3/wrn-10-1/500k").attack), quick_settings()),
        (TASK, quick_settings(seed=1)),
        (TASK, quick_settings(compare=("random",))),
        (TASK, quick_settings(teacher_weights=weights)),
        (TASK, quick_settings(policy=policy)),
        (TASK, quick_settings(agent=replace(QUICK_AGENT, tries=7))),
    ]
    keys = [prepare(task, settings, machine).key for task, settings in asked]
    assert len(set(keys)) == len(keys)
    elsewhere = replace(machine, cache=tmp_path / "other", workers=2)
    assert [prepare(task, settings, elsewhere).key for task, settings in asked] == keys


def test_the_same_agent_is_the_same_run_by_whatever_words_it_was_asked_for(policy, machine, here, tmp_path):
    shutil.copytree(policy, tmp_path / "again")
    by_folder = [prepare(TASK, quick_settings(policy=str(p)), machine).key for p in (policy, tmp_path / "again")]
    publish_policy(policy, here)
    by_name = prepare(TASK, quick_settings(policy="rcnas-policy:1"), machine).key
    by_default = prepare(TASK, quick_settings(policy=""), machine).key
    assert len({*by_folder, by_name, by_default}) == 1
    whole, changed = quick_settings(agent=replace(QUICK_AGENT, tries=7)), quick_settings(agent_changes={"tries": 7})
    assert prepare(TASK, whole, machine).key == prepare(TASK, changed, machine).key


def test_data_that_has_changed_gives_another_key(machine, tmp_path):
    task = Task.parse(f"npz:{tmp_path}/mine.npz/pgd-2/wrn-10-1/500k")
    keys = []
    for seed in (0, 1, 0):
        source._open.cache_clear()
        write_npz(tmp_path / "mine.npz", seed)
        keys.append(prepare(task, quick_settings(), machine).key)
    assert keys[0] == keys[2] != keys[1]


def test_the_rule_gives_a_network_within_the_budget_for_the_same_images(machine):
    network = rule_network(prepare(Task.parse("digits/pgd-2/wrn-10-2/2m"), quick_settings(), machine))
    assert cost(network).macs <= 2_000_000
    assert (network.input.shape, network.classes) == ((1, 8, 8), 10)


def test_a_budget_below_the_rules_smallest_network_is_refused(machine):
    prepared = prepare(Task.parse("digits/pgd-2/wrn-10-1/130k"), quick_settings(), machine)
    with pytest.raises(InvalidInput):
        rule_network(prepared)
