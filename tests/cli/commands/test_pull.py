import shutil

import pytest

from rcnas_zoo.zoo import catalogue, pull
from rcnas_zoo.zoo.entry import ENTRY_FILES, WEIGHTS

from ..answers import document, error_line, refusal


def test_the_document_tells_what_lies_where(chain):
    assert chain["pull"] == {
        "name": "robust-mine",
        "version": 1,
        "source": "registry",
        "folder": str(chain.folder / "copy"),
        "digest": chain["train"]["digest"],
        "weights": True,
    }
    assert {path.name for path in (chain.folder / "copy").iterdir()} == set(ENTRY_FILES)


def test_the_copy_is_what_was_trained(chain):
    weights = "weights.safetensors"
    assert (chain.folder / "copy" / weights).read_bytes() == (chain.folder / "mine" / weights).read_bytes()


def test_an_architecture_is_pulled_into_a_folder_of_its_name(run, here):
    answer = run("pull", "wrn-28-10", "--architecture")
    assert answer.stdout == "wrn-28-10 from the catalogue is in wrn-28-10\n"
    assert {path.name for path in (here / "wrn-28-10").iterdir()} == {"record.json", "spec.json", "card.md"}
    again = document(run("pull", "wrn-28-10", "--architecture", "--source", "", "--to", "", "--json"))
    assert (again["source"], again["weights"]) == ("catalogue", False)


def test_another_entry_is_replaced_on_request_only(run, here):
    run("pull", "wrn-28-10", "--architecture", "--to", "net")
    answer = run("pull", "wrn-34-12", "--architecture", "--to", "net")
    assert answer.exit_code == 2
    assert "which is an entry already" in refusal(answer)
    assert run("pull", "wrn-34-12", "--architecture", "--to", "net", "--replace").exit_code == 0
    assert document(run("show", "./net", "--json"))["name"] == "wrn-34-12"


def test_offline_a_server_is_not_asked(run, here, closed_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed_server.tracking_uri)
    assert run("pull", "wrn-28-10", "--architecture").exit_code == 1
    assert run("pull", "wrn-28-10", "--architecture", "--offline").exit_code == 0


@pytest.fixture
def installed(here, material, tmp_path, monkeypatch):
    """A catalogue with `whole`, whose weights were not installed."""
    shutil.copytree(material / "whole", tmp_path / "catalogue" / "whole", ignore=lambda *_: [WEIGHTS])
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: tmp_path / "catalogue")


def test_weights_that_were_not_installed_are_fetched_with_progress(run, installed, here, material, monkeypatch):
    def fetch(record, folder, observer):
        observer.progress(f"weights of {record.name}, MB", 3, 7)
        shutil.copy(material / "whole" / WEIGHTS, folder)

    monkeypatch.setattr(pull, "check_fetchable", lambda record, offline: None)
    monkeypatch.setattr(pull, "fetch_weights", fetch)
    answer = run("pull", "whole", "--json")
    assert document(answer)["weights"] is True
    assert answer.stderr == "weights of whole, MB: 3/7\n"
    assert run("verify", "whole").exit_code == 0


@pytest.mark.parametrize(
    "line", ["pull whole", "pull whole --offline", "evaluate whole --attack clean", "verify whole"]
)
def test_weights_that_cannot_be_had_are_absent(run, installed, line):
    answer = run(*line.split())
    assert answer.exit_code == 3
    assert error_line(answer).startswith("the weights of whole must be on this machine, but they were not installed")
