from ..answers import document


def test_the_document_tells_the_version_and_its_aliases(chain):
    assert chain["publish"] == {
        "name": "robust-mine",
        "version": 1,
        "aliases": ["best", "champion", "digits"],
        "note": "",
    }


def test_a_run_that_kept_an_entry_is_published_too(run, copied, chain):
    (trained,) = [row["id"] for row in chain["runs"] if row["workflow"] == "train"]
    answer = run("publish", trained, "--name", "robust-again", "--alias", "")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "published robust-again version 1, aliases: champion, digits\n"
    assert run("publish", trained, "--name", "robust-again").stdout == answer.stdout
    assert document(run("show", "robust-again", "--json"))["version"] == 1


def test_what_is_neither_a_run_nor_a_folder(run, there):
    answer = run("publish", "0" * 32, "--name", "robust-new")
    assert answer.exit_code == 3
    assert answer.stderr.startswith("error: the run must be in the store sqlite:")
