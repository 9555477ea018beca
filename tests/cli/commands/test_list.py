import pytest

from ..answers import document, loaded

FIELDS = {
    "nominal_macs",
    *("name", "version", "dataset", "macs", "parameters", "threat", "clean_accuracy", "robust_accuracy"),
    *("source", "weights"),
}


def names(rows):
    return {row["name"] for row in rows}


def test_the_document_is_the_registry_then_the_catalogue(chain):
    rows = chain["list"]
    assert all(set(row) == FIELDS for row in rows)
    assert [row["source"] for row in rows] == sorted((row["source"] for row in rows), reverse=True)
    (mine,) = [row for row in rows if row["name"] == "robust-mine"]
    measured = chain["train"]
    assert mine == {
        "name": "robust-mine",
        "version": 1,
        "dataset": "digits",
        "macs": 763_520,
        "nominal_macs": 763_520,
        "parameters": 77_562,
        "threat": "linf@1/5",
        "clean_accuracy": measured["clean_accuracy"],
        "robust_accuracy": measured["robust_accuracy"],
        "source": "registry",
        "weights": True,
    }
    (shipped,) = [row for row in rows if row["name"] == "wrn-28-10"]
    assert (shipped["version"], shipped["source"], shipped["weights"]) == (None, "catalogue", False)


def test_published_networks_are_listed_without_mlflow(there):
    assert loaded("list", "--dataset", "digits", cwd=there) == []


def test_an_empty_store_has_the_catalogue_alone(run, here):
    rows = document(run("list", "--json"))
    assert {row["source"] for row in rows} == {"catalogue"}
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "found", "hidden"),
    [
        ("--dataset digits", "robust-mine", "wrn-28-10"),
        ("--max-macs 1m", "robust-mine", "wrn-28-10"),
        ("--max-macs 763.519k", "robust-500k", "robust-mine"),
        ("--max-macs 763.52k", "robust-mine", "wrn-28-10"),
        ("--min-robust 0", "robust-mine", "wrn-28-10"),
        ("--threat linf@1/5", "robust-mine", "wrn-28-10"),
        ("--threat 0.2 --dataset digits", "robust-mine", "wrn-28-10"),
    ],
)
def test_rows_are_chosen(run, there, options, found, hidden):
    chosen = names(document(run("list", *options.split(), "--json")))
    assert found in chosen
    assert hidden not in chosen


def test_no_row_is_an_answer_too(run, here):
    assert document(run("list", "--min-robust", "1", "--json")) == []
    assert run("list", "--min-robust", "1").exit_code == 0


def test_the_index_is_made_again_from_the_registry_itself(run, chain, copied):
    assert "robust-mine" not in names(document(run("list", "--json")))
    assert document(run("list", "--refresh", "--json")) == chain["list"]
    assert document(run("list", "--json")) == chain["list"]


def test_a_damaged_index_is_told_on_stderr_and_set_aside(run, here):
    index = here / "mlflow.db.rcnas-index.json"
    index.write_text("{")
    answer = run("list", "--json")
    assert document(answer)
    assert answer.stderr.startswith(f"the index {index} was set aside, for ")
    assert answer.stderr.endswith("make it again with: rcnas-zoo list --refresh\n")


def test_people_get_a_table(run, there):
    header, rule, *rows = run("list").stdout.splitlines()
    assert header.split()[:2] == ["name", "version"]
    assert set(rule) == {"-", " "}
    assert any(row.startswith("robust-mine ") and "763.52 K" in row for row in rows)
