import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from rcnas_zoo.candidates import training
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.actor import policy_part
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.finetune import finetune
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import download, resolve

from .quick import TASK, cache_keys, quick_settings, using

RUN = """
import json, sys
from pathlib import Path
import rcnas_zoo
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.workflows.machine import Machine

task, settings, agent, cache = sys.argv[1], *map(json.loads, sys.argv[2:4]), Path(sys.argv[4])
rcnas_zoo.finetune(task, **settings, agent=RcnasSettings(**agent), machine=Machine(workers=1, cache=cache))
"""
ROWS = ["searched", "teacher", "robustresnet", "random"]


def children(store, run_id):
    """The child runs by key, each key once."""
    client = store.client()
    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'", max_results=1000)
    finished = [run for run in found if run.info.status == "FINISHED"]
    by_key = {run.data.tags["rcnas.key"]: run for run in finished}
    assert len(by_key) == len(finished)
    return by_key


def artifacts(store, run_id, path=None):
    found = store.client().list_artifacts(run_id, path)
    return {file.path for file in found if not file.is_dir}


def text(store, run_id, path, folder):
    return Path(store.client().download_artifacts(run_id, path, str(folder))).read_text(encoding="utf-8")


def essence(result):
    """What must not depend on where, when and how often a run was made."""
    visits = [(v.proposal, replace(v.outcome, seconds=0)) for v in result.search.visits]
    return result.spec, visits, result.problem, result.rows[0]


# One whole run.


def test_every_row_is_trained_and_measured_with_the_searched_network_first(compared):
    result = compared.result
    assert [row.method for row in result.rows] == ROWS
    assert result.spec == result.search.best.proposal.spec
    assert cost(result.spec).macs <= 2_000_000
    for row in result.rows:
        whole, subset = row.measured
        assert (whole.samples, list(whole.attacks), whole.split) == (360, ["pgd-20"], "test")
        assert (subset.samples, list(subset.attacks)) == (4, ["autoattack"])
        assert len(row.curve) == 1
    assert result.infeasible == {}


def test_agent_and_chance_visit_equally_many_networks_within_the_budget(compared):
    result = compared.result
    assert len(result.search.visits) == len(result.random.visits) == result.search.distinct == 4
    for visit in (*result.search.visits, *result.random.visits):
        assert visit.outcome.status == "trained"
        assert visit.outcome.macs <= 2_000_000


def test_the_test_split_is_opened_by_the_final_evaluations_alone(compared):
    assert compared.events == ("final", "test") * 4


def test_the_winner_is_registered_under_its_budget_and_data_set_and_verifies(compared, tmp_path):
    result, store = compared.result, compared.store
    assert (result.published.name, result.published.version) == ("robust-2m", 1)
    assert result.published.aliases == ("champion", "digits")
    assert result.verified
    assert result.notes == ()
    entry = download(store, resolve(store, ZooName("robust-2m", alias="digits")), tmp_path / "copy")
    assert load_model(entry).spec == result.spec == entry.spec
    assert entry.record.measured == result.rows[0].measured


def test_the_record_tells_where_the_network_comes_from(compared, tmp_path):
    result, store = compared.result, compared.store
    record = download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy").record
    assert record.lineage == {
        "task": "digits/pgd-20/wrn-10-2/2m",
        "teacher": {"name": "wrn-10-2", "spec_digest": result.problem.teacher.spec.digest},
        "method": "r-nas",
        "run_id": result.run_id,
        "seed": 0,
        "visits": 4,
    }
    assert (record.dataset, record.threat, record.recipe.epochs) == ("digits", "linf@1/5", 1)


def test_the_run_carries_what_was_asked_and_what_came_of_it(compared):
    result = compared.result
    run = compared.store.client().get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "resolved_task": "digits/pgd-20/wrn-10-2/2m",
        "resolved_threat": "linf@1/5",
        "resolved_teacher": "wrn-10-2",
        "resolved_policy": "none",
        "settings": canonical_json(result.settings.to_dict()),
    }
    assert run.data.tags["rcnas.workflow"] == "finetune"
    assert run.data.tags["rcnas.command"] == "rcnas-zoo finetune x"
    assert run.data.tags["rcnas.progress"] == "done: robust-2m version 1"
    whole, subset = result.rows[0].measured
    assert run.data.metrics["test.clean"] == whole.clean_accuracy
    assert run.data.metrics["test.pgd-20"] == whole.attacks["pgd-20"]
    assert run.data.metrics["test.autoattack"] == subset.attacks["autoattack"]


def test_the_run_has_a_curve_of_rewards_for_each_search(compared):
    result, client = compared.result, compared.store.client()
    for method, search in {"r-nas": result.search, "random": result.random}.items():
        rewards = client.get_metric_history(result.run_id, f"{method}.reward")
        best = client.get_metric_history(result.run_id, f"{method}.best_reward")
        assert [(p.step, p.value) for p in rewards] == list(enumerate(search.rewards))
        assert [p.value for p in best] == [max(search.rewards[: i + 1]) for i in range(4)]


def test_the_run_keeps_problem_searches_policy_and_entry(compared, tmp_path):
    result, store = compared.result, compared.store
    assert "problem.json" in artifacts(store, result.run_id)
    found = artifacts(store, result.run_id, "search")
    assert found == {
        *("search/r-nas.json", "search/random.json", "search/pareto.json"),
        *(f"search/{picture}.png" for picture in ("search", "pareto", "learning", "compression")),
    }
    assert artifacts(store, result.run_id, "policy") == {"policy/policy.safetensors", "policy/policy.json"}
    assert "entry/record.json" in artifacts(store, result.run_id, "entry")
    problem = json.loads(text(store, result.run_id, "problem.json", tmp_path))
    teacher = result.problem.teacher
    assert problem["spec"] == teacher.spec.to_dict()
    assert (problem["accuracy"], problem["macs"], tuple(problem["lips"])) == (
        teacher.accuracy,
        teacher.macs,
        teacher.lips,
    )


def test_the_policy_that_is_kept_is_the_one_that_was_learned(compared, tmp_path):
    result = compared.result
    path = compared.store.client().download_artifacts(result.run_id, "policy/policy.safetensors", str(tmp_path))
    kept, learned = policy_part(load_file(path)), policy_part(result.search.state)
    assert kept.keys() == learned.keys() == load_file(path).keys()
    assert all(kept[name].equal(learned[name]) for name in kept)
    config = json.loads(text(compared.store, result.run_id, "policy/policy.json", tmp_path))
    assert (config["stages"], config["tasks"]) == (3, ["digits/pgd-20/wrn-10-2/2m linf@1/5"])
    assert config["lineage"] == {"method": "r-nas", "run_id": result.run_id, "seed": 0, "iterations": 2}


def test_every_visited_network_and_every_row_is_a_child_run(compared, tmp_path):
    result, store = compared.result, compared.store
    found = children(store, result.run_id)
    visits = [f"{method}/{number:03}" for method in ("r-nas", "random") for number in range(4)]
    assert set(found) == {*visits, *(f"final/{method}" for method in ROWS)}
    for visit in result.search.visits:
        run = found[f"r-nas/{visit.proposal.id:03}"]
        assert run.info.run_name == f"r-nas/{visit.proposal.id:03}"
        assert run.data.params["digest"] == visit.proposal.spec.digest
        assert run.data.metrics["reward"] == visit.outcome.reward
        assert "loss" in run.data.metrics
    first = found["r-nas/000"].info.run_id
    assert artifacts(store, first) == {"spec.json", "outcome.json"}
    assert json.loads(text(store, first, "outcome.json", tmp_path))["reward"] == result.search.rewards[0]


def test_a_row_of_the_comparison_is_a_child_run_with_its_measurements(compared, tmp_path):
    result, store = compared.result, compared.store
    found = children(store, result.run_id)
    for row in result.rows:
        run = found[f"final/{row.method}"]
        assert run.data.metrics["test.pgd-20"] == row.measured[0].robust_accuracy
        assert run.data.metrics["loss"] == row.curve[-1]["loss"]
    kept = json.loads(text(store, found["final/teacher"].info.run_id, "measured.json", tmp_path))
    assert kept == json.loads(canonical_json([asdict(measured) for measured in result.rows[1].measured]))


# Determinism.


def test_the_same_seed_gives_the_same_result_for_any_cache_and_any_number_of_workers(
    undisturbed, here, quick_plan, tmp_path
):
    machine = Machine(workers=2, cache=tmp_path / "cache")
    again = finetune(TASK, quick_settings(compare=("teacher",)), machine)
    assert essence(again) == essence(undisturbed.result)
    assert [row.method for row in again.rows] == ["searched", "teacher"]
    assert again.random is None


def test_the_same_command_again_trains_nothing_and_makes_another_run_and_version(
    undisturbed, quick_plan, monkeypatch, no_training
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", undisturbed.store.tracking_uri)
    again = finetune(TASK, quick_settings(), undisturbed.machine)
    assert essence(again) == essence(undisturbed.result)
    assert again.run_id != undisturbed.result.run_id
    assert again.published.version == 2
    assert again.published.aliases == ()
    assert re.search("the alias 'digits' stays with version 1", again.notes[-1])


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained twice"))


# Interruptions.


@pytest.fixture
def killed(store, machine):
    """What was left of a run that was killed in the middle of its search; a second process was refused meanwhile."""
    settings = quick_settings().to_dict()
    asked = {name: settings[name] for name in ("policy", "iterations", "search_epochs", "final_epochs")}
    arguments = [str(TASK), json.dumps(asked), json.dumps(settings["agent"]), str(machine.cache)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": store.tracking_uri, "OMP_NUM_THREADS": "1"}
    with (
        using(store),
        subprocess.Popen([sys.executable, "-c", RUN, *arguments], env=environment) as process,
    ):
        try:
            wait_for(process, lambda: len(cache_keys(machine, "training")) >= 2)
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(Unavailable, match=rf"process {process.pid} runs it"):
                finetune(TASK, quick_settings(), machine)
        finally:
            process.send_signal(signal.SIGKILL)
    return cache_keys(machine, "training")


def wait_for(process, condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the run trained nothing"
        time.sleep(0.01)


def test_a_killed_run_is_continued_under_its_id_and_ends_as_if_nothing_had_happened(
    killed, undisturbed, here, machine, quick_plan, monkeypatch
):
    whole = cache_keys(undisturbed.machine, "training")
    assert killed < whole
    trained, train_really = [], training._train
    monkeypatch.setattr(training, "_train", lambda job, *given: trained.append(job.key()) or train_really(job, *given))
    (cut_off,) = [run for run in parents(here) if run.info.status == "RUNNING"]
    result = finetune(TASK, quick_settings(), machine)
    assert result.run_id == cut_off.info.run_id
    assert essence(result) == essence(undisturbed.result)
    assert set(trained) == whole - killed
    assert [run.info.status for run in parents(here)] == ["FINISHED"]
    assert set(children(here, result.run_id)) == {*(f"r-nas/{number:03}" for number in range(4)), "final/searched"}
    assert "RUNNING" not in statuses(here)


def parents(store):
    return [run for run in all_runs(store) if "mlflow.parentRunId" not in run.data.tags]


def statuses(store):
    return {run.info.status for run in all_runs(store)}


def all_runs(store):
    client = store.client()
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=1000))


class Interrupter(Silent):
    """Presses Ctrl-C when the first network was visited."""

    def progress(self, label, done, total, note=""):
        if label == "search":
            raise KeyboardInterrupt


def test_under_mlflow_run_an_interrupted_run_is_continued_and_the_new_one_points_to_it(
    undisturbed, here, quick_plan, monkeypatch
):
    client = here.client()
    first, second = (client.create_run("0").info.run_id for _ in range(2))
    monkeypatch.setenv("MLFLOW_RUN_ID", first)
    with pytest.raises(KeyboardInterrupt):
        finetune(TASK, quick_settings(), undisturbed.machine, Interrupter())
    assert client.get_run(first).info.status == "KILLED"
    monkeypatch.setenv("MLFLOW_RUN_ID", second)
    result = finetune(TASK, quick_settings(), undisturbed.machine)
    assert result.run_id == first
    assert essence(result) == essence(undisturbed.result)
    assert client.get_run(first).info.status == "FINISHED"
    assert client.get_run(second).data.tags["rcnas.continues"] == first
    assert len(children(here, first)) == 5


# A teacher that the user brings.


def test_a_teacher_that_is_brought_is_measured_as_it_is_and_named_in_the_record(
    trained, here, machine, quick_plan, tmp_path, monkeypatch
):
    task = replace(TASK, teacher=replace(TASK.teacher, depth=16, widening=2))
    folder, asked = str(trained.entry.folder), {"iterations": 1, "compare": ("teacher",)}
    result = finetune(task, quick_settings(teacher_weights=folder, **asked), machine)
    assert result.problem.teacher.spec == trained.entry.spec
    _, teacher = result.rows
    assert (teacher.spec, teacher.curve) == (trained.entry.spec, ())
    assert len(cache_keys(machine, "training")) == 2
    assert teacher.measured[0].attacks == trained.entry.record.measured[0].attacks
    assert result.notes == ("the teacher is 'mine' with 763.52 K MACs, not the wrn-16-2 that the task names",)
    record = download(here, resolve(here, ZooName("robust-500k")), tmp_path / "copy").record
    assert record.lineage["teacher"] == {
        "name": "mine",
        "spec_digest": trained.entry.spec.digest,
        "weights_sha256": trained.entry.record.files["weights.safetensors"],
    }
    assert here.client().get_run(result.run_id).data.params["resolved_teacher"] == "mine"
