import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rcnas_zoo.baselines.studies.records import TrialFailed
from rcnas_zoo.baselines.studies.work import work
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.studies import trial_key, work_tracked
from tests.baselines.studies.processes import ROOT, kill_at
from tests.baselines.studies.worker import Bowl, counts, plan_of
from tests.workflows.study_worker import Told


def start(folder, store):
    command = [sys.executable, "-m", "tests.workflows.study_worker", str(folder), store.tracking_uri]
    return subprocess.Popen(command, cwd=ROOT)


def runs(store, condition=""):
    client = store.client()
    return client.search_runs([one.experiment_id for one in client.search_experiments()], condition)


def study_run(store, plan):
    (run,) = runs(store, f"tags.`rcnas.key` = 'study/{plan.digest}'")
    return run


def trial_runs(store, plan):
    found = runs(store, f"tags.`mlflow.parentRunId` = '{study_run(store, plan).info.run_id}'")
    return sorted(found, key=lambda run: run.info.run_name)


def series(store, run, name):
    return [(point.step, point.value) for point in store.client().get_metric_history(run.info.run_id, name)]


def test_each_trial_is_one_child_run_also_with_two_processes_of_which_one_is_killed(store, tmp_path):
    plan = plan_of(tmp_path, trials=5, together=2)
    (tmp_path / "hang-1").touch()
    processes = [start(tmp_path, store) for _ in range(2)]
    other = kill_at(1, tmp_path, processes, done=[0, 2])
    assert other.wait(timeout=300) == 0
    assert counts(tmp_path, "done") == [0, 1, 2, 3, 4]
    found = trial_runs(store, plan)
    assert [run.info.run_name for run in found] == [trial_key(number) for number in range(5)]
    assert {run.info.status for run in (*found, study_run(store, plan))} == {"FINISHED"}
    for run in found:
        assert series(store, run, "loss") == [(1, 1), (2, 1 / 2), (3, 1 / 3), (4, 1 / 4)]
        assert series(store, run, "reported") == [(1, 0.1), (2, 0.2)]


def test_a_study_has_its_trials_their_numbers_and_a_table(store, tmp_path):
    plan = plan_of(tmp_path, trials=3)
    with open_run(store, "benchmark", "x", {}) as parent:
        result = work_tracked(plan, Told(tmp_path), store, parent=parent.id)
    run = study_run(store, plan)
    assert run.data.tags["mlflow.parentRunId"] == parent.id
    assert run.data.params["decides"] == '{"task":"bowl"}'
    best = [max(trial.values[0] for trial in result.trials[: number + 1]) for number in range(3)]
    assert series(store, run, "best_value") == list(enumerate(best))
    for record, child in zip(result.trials, trial_runs(store, plan), strict=True):
        given = {name: str(value) for name, value in record.parameters.items()}
        assert child.data.params == {"number": str(record.number), **given}
        assert child.data.metrics["value_0"] == record.values[0]
        assert child.data.tags["rcnas.end"] == "scored"
    table = Path(store.client().download_artifacts(run.info.run_id, "trials.json", str(tmp_path)))
    assert [row["values"] for row in json.loads(table.read_text())["trials"]] == [
        list(trial.values) for trial in result.trials
    ]


def test_a_finished_study_leaves_its_run_alone_and_more_trials_go_on_in_it(store, tmp_path):
    plan = plan_of(tmp_path, trials=2)
    first = work_tracked(plan, Bowl(tmp_path), store)
    before = study_run(store, plan)
    assert work_tracked(plan, Bowl(tmp_path), store) == first
    assert study_run(store, plan).info.end_time == before.info.end_time
    work_tracked(replace(plan, trials=4), Bowl(tmp_path), store)
    after = study_run(store, plan)
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
    assert after.data.tags["rcnas.used.trials"] == "4"
    assert len(trial_runs(store, plan)) == 4
    assert counts(tmp_path, "begun") == [0, 1, 2, 3]


def test_a_study_that_was_finished_without_a_run_gets_one(store, tmp_path):
    plan = plan_of(tmp_path, trials=2)
    result = work(plan, Bowl(tmp_path))
    assert work_tracked(plan, Bowl(tmp_path), store) == result
    assert counts(tmp_path, "begun") == [0, 1]
    assert [run.data.metrics["value_0"] for run in trial_runs(store, plan)] == [
        trial.values[0] for trial in result.trials
    ]


def test_a_failed_trial_says_why(store, tmp_path):
    def fails(context):
        raise TrialFailed("the training must\nstay finite")

    plan = plan_of(tmp_path, trials=1)
    work_tracked(plan, fails, store)
    (run,) = trial_runs(store, plan)
    assert run.info.status == "FINISHED"
    assert (run.data.tags["rcnas.end"], run.data.tags["rcnas.why"]) == ("failed", "the training must stay finite")


def test_a_trial_whose_end_cannot_be_logged_is_not_over(store, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise OSError("no space left")

    plan = plan_of(tmp_path, trials=1)
    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.log_artifacts", broken)
        with pytest.raises(Unavailable, match="no space left"):
            work_tracked(plan, Bowl(tmp_path), store)
    assert study_run(store, plan).info.status == "FAILED"
    work_tracked(plan, Bowl(tmp_path), store)
    assert counts(tmp_path, "begun") == [0, 0]
    (run,) = trial_runs(store, plan)
    assert (run.info.status, study_run(store, plan).info.status) == ("FINISHED", "FINISHED")
