from rcnas_zoo.zoo.entry import ENTRY_FILES

from ..answers import document, refusal


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
