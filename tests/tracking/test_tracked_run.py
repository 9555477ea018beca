import pytest

from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.tracking.runs import EXPERIMENT, open_run


@pytest.fixture
def client(store):
    return store.client()


def the_run(client, run):
    return client.get_run(run.id)


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
