from contextlib import nullcontext

import pytest

from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.tracking.joined_run import is_finished, joined_run
from rcnas_zoo.tracking.store import Store

TAGS = {"rcnas.key": "study/1", "rcnas.workflow": "study", "mlflow.parentRunId": "0" * 32}


def join(store, tags=TAGS):
    return joined_run(store, tags, "a study", nullcontext, Silent())


def the_run(store, run):
    return store.client().get_run(run.id)


def test_a_new_run_has_the_given_tags_and_name(store):
    with join(store) as run:
        found = the_run(store, run)
        assert found.info.status == "RUNNING"
    assert found.info.run_name == "a study"
    assert TAGS.items() <= found.data.tags.items()
    assert the_run(store, run).info.status == "FINISHED"


def test_two_that_join_share_the_run_and_its_children_go_on(store):
    with join(store) as first, first.child("one") as child:
        with join(store) as second:
            assert second.id == first.id
            assert the_run(store, child).info.status == "RUNNING"
        assert the_run(store, child).info.status == "RUNNING"


def test_another_key_is_another_run(store):
    with join(store) as one, join(store, {**TAGS, "rcnas.key": "study/2"}) as other:
        assert one.id != other.id


def test_a_run_that_one_process_left_by_an_error_is_mended_by_the_next(store):
    with pytest.raises(ValueError, match="x"), join(store) as run:
        raise ValueError("x")
    assert the_run(store, run).info.status == "FAILED"
    assert not is_finished(store, TAGS["rcnas.key"])
    with join(store):
        assert not is_finished(store, TAGS["rcnas.key"])
    assert the_run(store, run).info.status == "FINISHED"
    assert is_finished(store, TAGS["rcnas.key"])


def test_to_ask_makes_no_store(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert not is_finished(Store(uri, uri), "study/1")
    assert list(tmp_path.iterdir()) == []


def cut_off(run):
    run.metrics({"loss": 1.0}, 1)
    raise KeyboardInterrupt


def test_the_only_child_is_made_once_and_taken_up_again(store):
    client = store.client()
    with join(store) as run:
        with pytest.raises(KeyboardInterrupt), run.only_child("trial/000") as first:
            cut_off(first)
        assert client.get_run(first.id).info.status == "KILLED"
        with run.only_child("trial/000") as again, run.only_child("trial/001") as other:
            again.metrics({"loss": 1.0}, 1)
            assert client.get_run(again.id).info.status == "RUNNING"
        assert (again.id, run.finished_children()) == (first.id, {"trial/000": first.id, "trial/001": other.id})
    assert len(client.get_metric_history(first.id, "loss")) == 1


def test_a_run_looked_at_afresh_knows_what_another_process_has_logged(store):
    with join(store) as one, join(store) as other:
        other.metrics({"best": 0.5}, 0)
        one.afresh().metrics({"best": 0.5}, 0)
        assert len(store.client().get_metric_history(one.id, "best")) == 1
