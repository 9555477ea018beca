import re
import signal
import subprocess

from rcnas_zoo.zoo.entry import ENTRY_FILES

from ..answers import PROGRAM, document


def test_the_document_tells_what_was_made(chain):
    made = chain["train"]
    assert set(made) == {
        *("folder", "digest", "parameters", "macs", "nominal_macs", "threat", "samples"),
        *("clean_accuracy", "attacks", "robust_accuracy"),
    }
    assert made["folder"] == str(chain.folder / "mine")
    assert (made["macs"], made["parameters"], made["threat"], made["samples"]) == (763_520, 77_562, "linf@1/5", 360)
    assert made["robust_accuracy"] <= made["attacks"]["fgsm"] <= 1


def test_the_folder_is_a_complete_entry(chain):
    assert {path.name for path in (chain.folder / "mine").iterdir()} == set(ENTRY_FILES)


def test_epochs_and_progress_go_to_stderr(chain):
    said = chain.answers["train"].stderr
    assert re.search(r"^epoch 1/1: .*loss [0-9.]+", said, re.MULTILINE)
    assert re.search(r"^training the network: (\d+)/\1", said, re.MULTILINE)


def test_a_spec_file_or_an_entry_names_the_network_too(run, there, monkeypatch):
    seen = []

    def train(network, dataset, to, settings, machine, observer, command):
        seen.append((network, dataset, str(to), settings.seed, settings.attacks))
        raise KeyboardInterrupt

    monkeypatch.setattr("rcnas_zoo.workflows.train.train", train)
    run("train", "mine/spec.json", "--dataset", "digits", "--seed", "3", "--attack", "pgd-5,fgsm")
    run("train", "wrn-10-1", "--dataset", "npz:/data/My Images.npz", "--to", "./new")
    assert seen == [
        ("mine/spec.json", "digits", "spec-digits", 3, ("pgd-5", "fgsm")),
        ("wrn-10-1", "npz:/data/My Images.npz", "new", 0, ("pgd-20",)),
    ]


def test_an_interrupt_ends_the_run_and_leaves_no_folder(run, store, here, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    words = [PROGRAM, "train", "wrn-10-1", "--dataset", "digits", "--epochs", "9999"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("training the network: 1/")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert err.splitlines()[-1].startswith("error: interrupted; ")
    assert "Traceback" not in err
    assert list(here.iterdir()) == []
    (tracked,) = document(run("runs", "--json"))
    assert (tracked["workflow"], tracked["status"]) == ("train", "KILLED")


def test_the_users_own_data_train_a_network(run, material, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    line = f"train wrn-10-1 --dataset npz:{material}/good.npz --objective clean --epochs 1 --attack clean --eps 1/10"
    answer = run(*line.split())
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("# wrn-10-1-good\n")
    assert answer.stdout.endswith("\nwritten to wrn-10-1-good\n")
    shown = document(run("show", "./wrn-10-1-good", "--json"))
    assert (shown["spec"]["classes"], shown["measured"][0]["threat"]) == (3, "linf@1/10")
