from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.observer import RunObserver
from rcnas_zoo.tracking.runs import open_run


def test_what_is_observed_is_kept_in_the_run(store, tmp_path):
    client = store.client()
    with open_run(store, "train", "x", {}) as run:
        observer: Observer = RunObserver(run)
        observer.epoch(1, 2, {"loss": 2.0, "clean_accuracy": 0.25})
        observer.epoch(2, 2, {"loss": 1.0, "clean_accuracy": 0.5})
        observer.metric("reward", 0.125, 9)
        observer.artifact("curve.json", "[]")
        observer.progress("training", 1, 2, "half")
    losses = [(point.step, point.value) for point in client.get_metric_history(run.id, "loss")]
    assert losses == [(1, 2.0), (2, 1.0)]
    assert client.get_run(run.id).data.metrics == {"loss": 1.0, "clean_accuracy": 0.5, "reward": 0.125}
    assert [(point.step, point.value) for point in client.get_metric_history(run.id, "reward")] == [(9, 0.125)]
    assert [file.path for file in client.list_artifacts(run.id)] == ["curve.json"]
