from datetime import datetime, timezone

import pytest

from rcnas_zoo.tracking.listing import list_runs
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store


def test_runs_of_workflows_are_listed_newest_first_without_their_children(store):
    before = datetime.now(timezone.utc).replace(microsecond=0)
    store.client().create_run("0", run_name="somebody else's")
    with open_run(store, "train", "wrn-16-2", {}) as first, first.child("inner"):
        pass
    tags = {"rcnas.command": "rcnas-zoo finetune t", "rcnas.progress": "searching"}
    with pytest.raises(KeyboardInterrupt), open_run(store, "finetune", "digits/pgd-20", {}, tags) as second:
        raise KeyboardInterrupt
    newest, oldest = list_runs(store)
    assert (newest.id, newest.workflow, newest.name) == (second.id, "finetune", "digits/pgd-20")
    assert (newest.status, newest.progress, newest.command) == ("KILLED", "searching", "rcnas-zoo finetune t")
    assert (oldest.id, oldest.status, oldest.progress, oldest.command) == (first.id, "FINISHED", "", "")
    assert before <= datetime.fromisoformat(oldest.started) <= datetime.now(timezone.utc)
    assert [row.id for row in list_runs(store, limit=1)] == [second.id]


def test_a_run_in_another_experiment_is_listed_too(store, monkeypatch):
    made = store.client().create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", made.info.run_id)
    with open_run(store, "finetune", "x", {}):
        pass
    assert [row.id for row in list_runs(store)] == [made.info.run_id]


def test_listing_makes_no_store(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert list_runs(Store(uri, uri)) == []
    assert list(tmp_path.iterdir()) == []
