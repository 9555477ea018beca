import pytest

from rcnas_zoo.spec.errors import InvalidInput, NotFound, Unavailable
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


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
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


def test_a_store_that_breaks_is_told_in_one_line(store, monkeypatch):
    def broken(*_, **__):
        raise OSError("no space left\non the device")

    monkeypatch.setattr("mlflow.MlflowClient.log_batch", broken)
    with (
        open_run(store, "train", "x", {}) as run,
        pytest.raises(Unavailable, match="no space left; mend it, or set MLFLOW_TRACKING_URI") as error,
    ):
        run.metrics({"loss": 1.0}, 1)
    assert "\n" not in str(error.value)


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


def test_a_parameter_is_cut_to_what_mlflow_takes_and_can_be_logged_again(store, client):
    with open_run(store, "train", "x", {"long": "a" * 10_000}) as run:
        run.parameters({"long": "a" * 10_000})
    found = the_run(client, run)
    assert found.data.params == {"long": "a" * 6000}
    assert "rcnas.used.long" not in found.data.tags


def test_more_parameters_and_metrics_than_mlflow_takes_at_once(store, client):
    parameters = {f"p{i}": i for i in range(230)}
    with open_run(store, "train", "x", parameters) as run:
        run.metrics({f"m{i}": float(i) for i in range(1100)}, 7)
    found = the_run(client, run)
    assert found.data.params == {name: str(value) for name, value in parameters.items()}
    assert found.data.metrics == {f"m{i}": float(i) for i in range(1100)}
    assert [point.step for point in client.get_metric_history(run.id, "m3")] == [7]


def test_artifacts_are_kept_byte_for_byte(store, client, tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "a.txt").write_text("a")
    with open_run(store, "train", "x", {}) as run:
        run.artifact("candidates/003.json", "{}é")
        run.artifact("top.bin", b"\0\r\n")
        run.folder(tmp_path / "made", "folder")
    kept = tmp_path / "store" / "mlruns" / EXPERIMENT / run.id / "artifacts"
    assert (kept / "candidates" / "003.json").read_bytes() == "{}é".encode()
    assert (kept / "top.bin").read_bytes() == b"\0\r\n"
    assert (kept / "folder" / "a.txt").read_text() == "a"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", "."])
def test_an_artifact_stays_below_its_run(name, store):
    with open_run(store, "train", "x", {}) as run, pytest.raises(InvalidInput, match="must have a relative path"):
        run.artifact(name, "x")


def test_finished_children_are_found_by_their_keys(store, client):
    with open_run(store, "finetune", "x", {}) as run:
        with run.child("first") as first:
            first.metrics({"reward": 0.5}, 0)
        with run.child("second", {"rcnas.key": "rc-nas/002"}) as second:
            pass
        with pytest.raises(ValueError, match="cut"), run.child("third"):
            raise ValueError("cut")
        with run.child("fourth"):
            assert run.finished_children() == {"first": first.id, "rc-nas/002": second.id}
    tags = the_run(client, first).data.tags
    assert tags["mlflow.parentRunId"] == run.id
    assert tags["rcnas.workflow"] == "finetune"
    with open_run(store, "finetune", "other", {}) as other:
        assert other.finished_children() == {}


def test_an_unfinished_run_is_found_by_its_key(store):
    assert unfinished_run(store, "k1") is None
    with open_run(store, "finetune", "x", {}, {"rcnas.key": "k1"}):
        pass
    assert unfinished_run(store, "k1") is None
    opening = open_run(store, "finetune", "x", {}, {"rcnas.key": "k1"})
    with pytest.raises(ValueError, match="cut"), opening as run, run.child("c", {"rcnas.key": "k2"}):
        raise ValueError("cut")
    assert unfinished_run(store, "k1") == run.id
    assert unfinished_run(store, "k2") is None


def test_looking_for_an_unfinished_run_makes_no_store(tmp_path):
    from rcnas_zoo.tracking.store import Store

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert unfinished_run(Store(uri, uri), "k1") is None
    assert list(tmp_path.iterdir()) == []
