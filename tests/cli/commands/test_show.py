from ..answers import document

FIELDS = {
    *("name", "version", "spec", "digest", "parameters", "macs", "input_shape", "threat", "claimed", "measured"),
    "weights",
}


def test_the_document_tells_all_of_a_published_network(chain):
    shown = chain["show"]
    assert set(shown) == FIELDS | {"source", "nominal_parameters", "nominal_macs"}
    assert (shown["name"], shown["version"], shown["source"], shown["weights"]) == ("robust-mine", 1, "registry", True)
    assert (shown["macs"], shown["parameters"], shown["input_shape"]) == (763_520, 77_562, [1, 8, 8])
    assert (shown["threat"], shown["claimed"]) == ("linf@1/5", [])
    assert shown["measured"][0]["attacks"] == chain["train"]["attacks"]
    assert shown["digest"] == chain["train"]["digest"]
    assert shown["spec"]["kind"] == "residual"


def test_the_document_of_a_shipped_architecture(run, here):
    shown = document(run("show", "wrn-28-10", "--json"))
    assert set(shown) == FIELDS | {"source", "nominal_parameters", "nominal_macs"}
    assert (shown["version"], shown["source"], shown["weights"]) == (None, "catalogue", False)
    assert list(here.iterdir()) == []


def test_people_get_the_card_and_where_it_lies(run, there):
    answer = run("show", "./mine")
    assert answer.stdout.startswith("# mine\n")
    assert answer.stdout.endswith("\n(from the folder: mine)\n")
    answer = run("show", "robust-mine:1")
    assert answer.stdout.startswith("# robust-mine\n")
    assert "\n(version 1, from the registry: " in answer.stdout


def test_an_alias_chooses(run, there):
    assert document(run("show", "robust-mine@best", "--json"))["version"] == 1
    answer = run("show", "robust-mine@worst")
    assert answer.exit_code == 3
    assert "its aliases are best (version 1), champion (version 1), digits (version 1)" in answer.stderr
    assert run("show", "robust-mine:7").exit_code == 3
