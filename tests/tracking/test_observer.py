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
        observer.warning("out of memory, the batch is cut in two")
    losses = [(point.step, point.value) for point in client.get_metric_history(run.id, "loss")]
    assert losses == [(1, 2.0), (2, 1.0)]
    assert client.get_run(run.id).data.metrics == {"loss": 1.0, "clean_accuracy": 0.5, "reward": 0.125}
    assert [(point.step, point.value) for point in client.get_metric_history(run.id, "reward")] == [(9, 0.125)]
    assert [file.path for file in client.list_artifacts(run.id)] == ["curve.json"]
    assert client.get_run(run.id).data.tags["rcnas.warnings"] == "out of memory, the batch is cut in two"


def test_a_training_that_is_resumed_tells_everything_again_and_each_step_is_logged_once(store):
    client = store.client()
    curve = [{"loss": 1 / epoch, "learning_rate": 0.1} for epoch in range(1, 7)]
    for number, metrics in enumerate(curve, start=1):
        curve[number - 1] = {**metrics, "robust_accuracy": number / 10} if number > 3 else metrics

    def tell(run, epochs):
        observer = RunObserver(run)
        for number in epochs:
            observer.epoch(number, 6, curve[number - 1])
        observer.metric("seconds", 1.5, 0)

    with open_run(store, "train", "x", {}) as first:
        tell(first, range(1, 5))
    client.update_run(first.id, status="RUNNING")
    with open_run(store, "train", "x", {}, resume=first.id) as second:
        tell(second, range(1, 7))
        second.metrics({"seconds": 1.5}, 0)
    kept = {
        name: [(point.step, point.value) for point in client.get_metric_history(first.id, name)]
        for name in ("loss", "learning_rate", "robust_accuracy", "seconds")
    }
    assert kept == {
        "loss": [(epoch, 1 / epoch) for epoch in range(1, 7)],
        "learning_rate": [(epoch, 0.1) for epoch in range(1, 7)],
        "robust_accuracy": [(epoch, epoch / 10) for epoch in range(4, 7)],
        "seconds": [(0, 1.5)],
    }
