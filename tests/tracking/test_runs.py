import pytest

from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.tracking.runs import EXPERIMENT, open_run, unfinished_run


@pytest.fixture
def client(store):
    return store.client()


def the_run(client, run):
    return client.get_run(run.id)


def test_a_run_carries_its_workflow_name_parameters_and_tags(store, client):
    with open_run(store, "finetune", "digits/pgd-20", {"seed": 3, "rate": 0.1, "policy": None}, {"x": "y"}) as run:
        assert the_run(client, run).info.status == "RUNNING"
    found = the_run(client, run)
    assert found.info.status == "FINISHED"
    assert found.info.end_time >= found.info.start_time
    assert found.info.run_name == "digits/pgd-20"
    assert found.data.params == {"seed": "3", "rate": "0.1", "policy": "None"}
    assert found.data.tags["rcnas.workflow"] == "finetune"
    assert found.data.tags["x"] == "y"
    assert client.get_experiment(found.info.experiment_id).name == EXPERIMENT


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED")]
)
def test_a_run_that_is_left_by_an_error_says_so(error, status, store, client):
    with pytest.raises(error), open_run(store, "train", "x", {}) as run, run.child("y") as child:
        raise error
    assert the_run(client, run).info.status == status
    assert the_run(client, child).info.status == status


def test_an_error_of_the_work_is_told_even_if_the_store_breaks_with_it(store, monkeypatch):
    def broken(*_):
        raise OSError("no space left")

    monkeypatch.setattr("mlflow.MlflowClient.set_terminated", broken)
    with pytest.raises(ValueError, match="the work"), open_run(store, "train", "x", {}):
        raise ValueError("the work")


def test_a_resumed_run_goes_on_and_ends_anew(store, client):
    with pytest.raises(ValueError, match="cut"), open_run(store, "train", "x", {"a": 1}) as first:
        raise ValueError("cut")
    with open_run(store, "train", "x", {"a": 1, "b": 2}, resume=first.id) as second:
        assert second.id == first.id
        assert the_run(client, second).info.status == "RUNNING"
    assert the_run(client, second).info.status == "FINISHED"
    assert the_run(client, second).data.params == {"a": "1", "b": "2"}


@pytest.mark.parametrize("run_id", ["0" * 32, "no such run", "a/b"])
def test_a_run_that_is_not_in_the_store_cannot_be_resumed(run_id, store):
    with (
        pytest.raises(NotFound, match=f"the run must be in the store .*got '{run_id}'"),
        open_run(store, "train", "x", {}, resume=run_id),
    ):
        pass


def test_the_run_that_mlflow_run_made_is_taken_up_where_it_is(store, client, monkeypatch):
    made = client.create_run("0", run_name="vivid-ant-1")
    client.log_param(made.info.run_id, "iterations", "")
    monkeypatch.setenv("MLFLOW_RUN_ID", made.info.run_id)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    with open_run(store, "finetune", "digits", {"iterations": 10}) as run, run.child("a") as child:
        pass
    found = the_run(client, run)
    assert found.info.run_id == made.info.run_id
    assert found.info.run_name == "digits"
    assert found.data.params == {"iterations": ""}
    assert found.data.tags["rcnas.used.iterations"] == "10"
    assert the_run(client, child).info.experiment_id == "0"
    assert client.get_experiment_by_name(EXPERIMENT) is None


def test_a_run_that_is_resumed_under_mlflow_run_goes_on_and_the_new_one_points_to_it(store, client, monkeypatch):
    with pytest.raises(ValueError, match="cut"), open_run(store, "finetune", "x", {}) as first:
        raise ValueError("cut")
    made = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", made)
    with open_run(store, "finetune", "x", {}, resume=first.id) as second:
        assert second.id == first.id
    tags = client.get_run(made).data.tags
    assert tags["rcnas.continues"] == first.id
    assert "rcnas.workflow" not in tags


def test_children_that_were_cut_off_are_killed_when_their_run_is_resumed(store, client):
    with open_run(store, "finetune", "x", {}) as run, run.child("done") as done:
        pass
    parent, experiment = {"mlflow.parentRunId": run.id}, client.get_run(run.id).info.experiment_id
    cut_off = client.create_run(experiment, tags=parent).info.run_id
    stranger = client.create_run(experiment).info.run_id
    with open_run(store, "finetune", "x", {}, resume=run.id):
        found = {run_id: client.get_run(run_id).info.status for run_id in (done.id, cut_off, stranger)}
    assert found == {done.id: "FINISHED", cut_off: "KILLED", stranger: "RUNNING"}


def test_an_unfinished_run_is_found_by_its_key(store):
    assert unfinished_run(store, "k1", "here") is None
    with open_run(store, "finetune", "x", {}, {"rcnas.key": "k1"}):
        pass
    assert unfinished_run(store, "k1", "here") is None
    opening = open_run(store, "finetune", "x", {}, {"rcnas.key": "k1"})
    with pytest.raises(ValueError, match="cut"), opening as run, run.child("c", {"rcnas.key": "k2"}):
        raise ValueError("cut")
    assert unfinished_run(store, "k1", "here") == run.id
    assert unfinished_run(store, "k2", "here") is None


def test_looking_for_an_unfinished_run_makes_no_store(tmp_path):
    from rcnas_zoo.tracking.store import Store

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert unfinished_run(Store(uri, uri), "k1", "here") is None
    assert list(tmp_path.iterdir()) == []


def test_a_running_run_is_taken_up_only_under_the_lock_that_it_was_started_under(store, client):
    with open_run(store, "finetune", "x", {}, {"rcnas.key": "k9", "rcnas.holder": "here"}) as run:
        assert unfinished_run(store, "k9", "elsewhere") is None
        assert unfinished_run(store, "k9", "here") == run.id
    client.update_run(run.id, status="KILLED")
    assert unfinished_run(store, "k9", "elsewhere") == run.id
