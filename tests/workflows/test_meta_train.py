import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rcnas_zoo.candidates import training
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.agents import choose_agent
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.meta_text import meta_text, meta_to_dict
from rcnas_zoo.workflows.meta_train import meta_train, plan_meta
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.zoo.policy import read_policy

from .quick import using
from .quick_meta import COMMAND, SETTINGS, TASKS

ROOT = Path(__file__).parents[2]
VISITS = 8


def policy_of(result, store, folder):
    """The policy folder that a run has kept."""
    return Path(store.client().download_artifacts(result.run_id, "policy", str(folder)))


def tensors_of(result, store, folder):
    return (policy_of(result, store, folder) / "policy.safetensors").read_bytes()


def runs(store):
    client = store.client()
    return list(client.search_runs([e.experiment_id for e in client.search_experiments()], max_results=1000))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, new_store):
    """A meta-training that nothing interrupted: result, store, machine."""
    folder = tmp_path_factory.mktemp("undisturbed")
    store, machine = new_store(folder / "store"), Machine(workers=1, cache=folder / "cache")
    with using(store):
        return meta_train(TASKS, SETTINGS, machine, command=COMMAND), store, machine


def test_as_many_networks_are_visited_as_were_asked_for(undisturbed):
    result, _, _ = undisturbed
    assert len(result.rewards) == VISITS
    pairs = zip(result.rewards[::2], result.rewards[1::2], strict=True)
    assert result.mean_rewards == pytest.approx([(one + two) / 2 for one, two in pairs])
    assert set(result.seen) <= set(map(str, TASKS))
    assert (result.verified, result.notes) == (True, ())


def test_the_run_carries_what_was_asked_and_every_reward(undisturbed):
    result, store, _ = undisturbed
    client = store.client()
    run = client.get_run(result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["resolved_tasks"].splitlines() == list(map(str, TASKS))
    assert json.loads(run.data.params["settings"])["agent"]["steps"] == 2
    assert run.data.tags["rcnas.command"] == COMMAND
    assert run.data.tags["rcnas.progress"] == "done: rcnas-policy version 1"
    rewards = [(point.step, point.value) for point in client.get_metric_history(result.run_id, "reward")]
    assert rewards == list(enumerate(result.rewards, start=1))
    means = [point.value for point in client.get_metric_history(result.run_id, "mean_reward")]
    assert means == pytest.approx(result.mean_rewards)
    assert run.data.metrics["encoder_r_squared"] == result.r_squared
    assert [run.info.run_id for run in runs(store)] == [result.run_id]


def test_every_visited_network_is_in_one_table(undisturbed, tmp_path):
    result, store, _ = undisturbed
    rows = json.loads(Path(store.client().download_artifacts(result.run_id, "visits.json", str(tmp_path))).read_text())
    assert [row["reward"] for row in rows] == list(result.rewards)
    assert [(row["iteration"], row["step"]) for row in rows] == [divmod(number, 2) for number in range(VISITS)]
    budgets = {str(task): task.task.budget.macs for task in TASKS}
    for row in rows:
        assert row["status"] == "trained"
        assert row["macs"] <= budgets[row["task"]]
        assert row["spec"]["kind"] == "residual"


def test_the_policy_is_registered_with_what_it_has_seen_and_paid_for(undisturbed, tmp_path):
    result, store, _ = undisturbed
    entry = read_policy(policy_of(result, store, tmp_path))
    assert (result.published.name, result.published.aliases) == ("rcnas-policy", ("champion",))
    assert (entry.config.tasks, entry.config.stages) == (result.seen, 3)
    assert entry.config.lineage["run_id"] == result.run_id
    assert (entry.config.lineage["seed"], entry.config.lineage["visits"]) == (3, VISITS)
    tensors = load_file(entry.folder / "policy.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"encoder", "policy", "experience"}
    assert tensors["experience.reward"].tolist() == list(result.rewards)
    assert len(tensors["experience.severity"]) == len(result.seen)


def test_a_search_starts_from_it_by_default(undisturbed, machine):
    _, store, _ = undisturbed
    with using(store):
        agent = choose_agent(FinetuneSettings(), 3, machine)
    assert agent.note == ""
    assert agent.lineage["source"] == "registry"
    assert "experience.reward" in agent.policy


def test_the_result_is_told(undisturbed):
    result, _, _ = undisturbed
    data = meta_to_dict(result)
    assert json.loads(json.dumps(data)) == data
    assert (len(data["rewards"]), len(data["mean_rewards"]), data["registered"]["version"]) == (VISITS, 4, 1)
    assert "visited 8 networks on " in meta_text(result)
    assert "registered rcnas-policy version 1, alias champion; its copy verifies" in meta_text(result)


def test_nothing_is_left_of_a_finished_run_and_the_same_again_trains_nothing(undisturbed, here, monkeypatch, tmp_path):
    result, store, machine = undisturbed
    assert not (machine.cache / "meta" / plan_meta(TASKS, SETTINGS, machine).key).exists()
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained twice"))
    again = meta_train(TASKS, SETTINGS, machine)
    assert tensors_of(again, here, tmp_path / "again") == tensors_of(result, store, tmp_path / "first")


def test_another_seed_gives_another_policy(undisturbed, here, tmp_path):
    result, store, machine = undisturbed
    other = meta_train(TASKS, replace(SETTINGS, seed=4, iterations=1), machine)
    assert tensors_of(other, here, tmp_path / "other") != tensors_of(result, store, tmp_path / "first")


def test_students_may_become_teachers(undisturbed, here, tmp_path):
    _, _, machine = undisturbed
    settings = replace(
        SETTINGS, students_enter=True, iterations=2, agent_changes={**SETTINGS.agent_changes, "steps": 4}
    )
    result = meta_train(TASKS[:1], settings, machine)
    rows = json.loads(Path(here.client().download_artifacts(result.run_id, "visits.json", str(tmp_path))).read_text())
    assert len({row["teacher"] for row in rows}) > 1


# Interruptions.


def wait_for(process, condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline, "the run visited nothing"
        time.sleep(0.002)


@pytest.fixture(scope="module")
def killed(tmp_path_factory, new_store):
    """What was left of a meta-training that was killed after its third network: store, machine, a copy of its cache."""
    folder = tmp_path_factory.mktemp("killed")
    store, machine = new_store(folder / "store"), Machine(workers=1, cache=folder / "cache")
    third = machine.cache / "meta" / plan_meta(TASKS, SETTINGS, machine).key / "000000003.json"
    environment = {**os.environ, "MLFLOW_TRACKING_URI": store.tracking_uri, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.workflows.quick_meta", str(machine.cache)]
    with using(store), subprocess.Popen(command, env=environment, cwd=ROOT) as process:
        try:
            wait_for(process, third.exists)
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(Unavailable, match=rf"process {process.pid} runs it"):
                meta_train(TASKS, SETTINGS, machine)
        finally:
            process.send_signal(signal.SIGKILL)
    shutil.copytree(machine.cache, folder / "copy")
    return store, machine, folder / "copy"


@pytest.fixture
def left(killed, tmp_path):
    """A machine with a copy of what the killed one has left, and its checkpoints."""
    machine = Machine(workers=1, cache=Path(shutil.copytree(killed[2], tmp_path / "left")))
    return machine, machine.cache / "meta" / plan_meta(TASKS, SETTINGS, machine).key


class Visited(Silent):
    """Remembers how many networks had been visited whenever that was told."""

    def __init__(self):
        self.done, self.warnings = [], []

    def progress(self, label, done, total, note=""):
        if label == "meta-training":
            self.done.append(done)

    def warning(self, message):
        self.warnings.append(message)


def test_a_killed_run_goes_on_after_its_last_network_and_ends_at_the_same_policy(undisturbed, killed, tmp_path):
    store, machine, _ = killed
    result, whole, _ = undisturbed
    (cut_off,) = runs(store)
    assert cut_off.info.status == "RUNNING"
    visited = Visited()
    with using(store):
        again = meta_train(TASKS, SETTINGS, machine, visited)
    assert again.run_id == cut_off.info.run_id
    assert 3 <= visited.done[0] < VISITS
    assert visited.done == list(range(visited.done[0], VISITS + 1))
    assert again.rewards == result.rewards
    assert tensors_of(again, store, tmp_path / "again") == tensors_of(result, whole, tmp_path / "first")
    assert [run.info.status for run in runs(store)] == ["FINISHED"]
    steps = [point.step for point in store.client().get_metric_history(again.run_id, "reward")]
    assert steps == list(range(1, VISITS + 1))


def test_a_run_that_goes_on_from_the_checkpoint_of_another_has_the_rewards_of_all_visits(undisturbed, left, here):
    result = meta_train(TASKS, SETTINGS, left[0])
    for name, values in (("reward", result.rewards), ("mean_reward", result.mean_rewards)):
        history = here.client().get_metric_history(result.run_id, name)
        assert [(point.step, point.value) for point in history] == list(enumerate(values, start=1))
    assert result.rewards == undisturbed[0].rewards


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_damaged_checkpoint_is_named_set_aside_and_the_one_before_it_taken(suffix, undisturbed, left, here, tmp_path):
    machine, folder = left
    newest = max(folder.glob("*.json")).with_suffix(f".{suffix}")
    content = newest.read_bytes()
    newest.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    visited = Visited()
    result = meta_train(TASKS, SETTINGS, machine, visited)
    assert visited.done[0] == int(newest.stem) - 1
    (note,) = result.notes
    assert visited.warnings == [note]
    assert f"the checkpoint {newest.with_suffix('.json')} is damaged" in note
    first, store, _ = undisturbed
    assert tensors_of(result, here, tmp_path / "again") == tensors_of(first, store, tmp_path / "first")


def test_a_damaged_checkpoint_lies_beside_the_others_as_damaged(left):
    machine, folder = left
    newest = max(folder.glob("*.json")).with_suffix(".safetensors")
    newest.write_bytes(b"")
    assert plan_meta(TASKS, SETTINGS, machine).checkpoints.latest(lambda _: None).facts["done"] == int(newest.stem) - 1
    assert {path.name for path in folder.glob("*.damaged")} == {f"{newest.name}.damaged", f"{newest.stem}.json.damaged"}


def test_where_every_checkpoint_and_a_training_are_damaged_all_is_done_again(undisturbed, left, here, tmp_path):
    machine, folder = left
    checkpoints = list(folder.glob("*.json"))
    for path in checkpoints:
        path.with_suffix(".safetensors").write_bytes(b"")
    kept = sorted(path for path in (machine.cache / "training").glob("*/*") if len(path.name) == 64)
    (kept[0] / "best.safetensors").write_bytes(b"damaged")
    visited = Visited()
    result = meta_train(TASKS, SETTINGS, machine, visited)
    assert (visited.done[0], len(result.notes)) == (0, len(checkpoints))
    assert kept[0].with_suffix(".damaged").is_dir()
    assert (kept[0] / "best.safetensors").read_bytes() != b"damaged"
    first, store, _ = undisturbed
    assert tensors_of(result, here, tmp_path / "again") == tensors_of(first, store, tmp_path / "first")


def test_a_checkpoint_holds_every_random_state(left):
    machine, _ = left
    saved = plan_meta(TASKS, SETTINGS, machine).checkpoints.latest(lambda _: None)
    parts = {name.partition(".")[0] for name in saved.tensors}
    assert {"encoder", "policy", "optimiser", "actor", "meta", "visits"} == parts
    assert saved.tensors["meta.generator"].dtype == torch.uint8
