import pytest

from rcnas_zoo.zoo.entry import ENTRY_FILES

from ..answers import document


@pytest.fixture
def retrain(run, there, store, tmp_path, monkeypatch):
    """Retrains the entry of the chain in a store of this test, as the folder ``again``."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    return lambda *words: run("retrain", "./mine", "--to", str(tmp_path / "again"), *words)


def test_the_document_has_both_measurements_and_says_whether_the_weights_are_equal(retrain, chain, tmp_path):
    made = document(retrain("--json"))
    assert set(made) == {
        *("name", "folder", "digest", "seed", "fraction", "epochs", "images"),
        *("identical", "weights", "stored", "retrained"),
    }
    assert (made["identical"], made["stored"]) == (True, made["retrained"])
    assert made["stored"]["attacks"] == chain["train"]["attacks"]
    assert made["folder"] == str(tmp_path / "again")
    assert {path.name for path in (tmp_path / "again").iterdir()} == set(ENTRY_FILES)


def test_a_share_of_it_is_told_beside_the_stored_one(retrain, run):
    answer = retrain("--fraction", "1/10", "--seed", "5", "-v")
    assert answer.exit_code == 0, answer.output
    first, *lines = answer.stdout.splitlines()
    assert first == "mine, trained again: epochs 1, images 115 of digits, seed 5, fraction 0.1"
    assert [line.split()[0] for line in lines[3:5]] == ["clean", "fgsm"]
    assert any(line.startswith("weights: not identical to the stored ones, sha256 ") for line in lines)
    assert "\nepoch 1/1: " in answer.stderr
    assert "training mine: " in answer.stderr
    assert answer.stderr.splitlines()[-1].startswith("tracking store: ")
    (tracked,) = document(run("runs", "--json"))
    assert (tracked["workflow"], tracked["name"], tracked["status"]) == ("retrain", "retrain mine", "FINISHED")


def test_what_is_typed_arrives(run, here, monkeypatch):
    seen = []

    def retrain(name, to, settings, machine, observer, command):
        seen.append((name, to and str(to), settings.fraction, settings.seed, settings.attacks, machine.device, command))
        raise KeyboardInterrupt

    monkeypatch.setattr("rcnas_zoo.workflows.retrain.retrain", retrain)
    run("retrain", "robust-2m", "--fraction", "0.01", "--attack", "pgd-5,fgsm", "--device", "cpu")
    run("retrain", "robust-2m", "--to", "./new", "--seed", "3")
    assert seen == [
        (
            *("robust-2m", None, 0.01, None, ("pgd-5", "fgsm"), "cpu"),
            "rcnas-zoo retrain robust-2m --fraction 0.01 --attack pgd-5,fgsm --device cpu",
        ),
        ("robust-2m", "new", 1.0, 3, None, "auto", "rcnas-zoo retrain robust-2m --to ./new --seed 3"),
    ]


def test_a_process_of_torchrun_that_is_not_the_first_only_helps(run, here, monkeypatch):
    helped = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("rcnas_zoo.workflows.retrain.assist", lambda name, settings, machine: helped.append(name))
    answer = run("retrain", "robust-2m")
    assert (answer.exit_code, answer.output, helped) == (0, "", ["robust-2m"])
