import pytest

from rcnas_zoo.oracles import catalogue
from rcnas_zoo.oracles.catalogue import load_oracle, oracle_names
from rcnas_zoo.oracles.store import write_table
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.oracles.tables import formula_table


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    folder.mkdir()
    for name in ("pebbles", "digits"):
        write_table(formula_table(5, name=name), folder / f"{name}.oracle.xz")
    monkeypatch.setattr(catalogue, "TABLES", folder)
    return folder


def test_the_names_are_those_of_the_files(shipped):
    (shipped / "README.md").touch()
    assert oracle_names() == ["digits", "pebbles"]


def test_a_name_gives_the_shipped_table(shipped):
    assert load_oracle("pebbles").name == "pebbles"


def test_a_path_gives_the_table_that_lies_there(shipped, tmp_path, monkeypatch):
    write_table(formula_table(5, name="mine"), tmp_path / "bare")
    monkeypatch.chdir(tmp_path)
    assert load_oracle(str(tmp_path / "bare")).name == "mine"
    assert load_oracle("bare").name == "mine"


def test_nares_is_read_from_its_own_file(shipped, monkeypatch):
    monkeypatch.setattr(catalogue, "read_nares", lambda path: str(path))
    assert load_oracle("nares:/data/nares.txz") == "/data/nares.txz"


@pytest.mark.parametrize("path", ["nowhere/x", "x.oracle.xz"])
def test_a_path_without_a_file_is_not_found(shipped, path):
    with pytest.raises(NotFound, match=r"an oracle must be a file, there is none at"):
        load_oracle(path)


def test_another_word_is_refused_with_the_names(shipped):
    with pytest.raises(
        InvalidInput, match=r"one of digits, pebbles, FILE\.oracle\.xz, nares:FILE, got 'digit' \(did you mean"
    ):
        load_oracle("digit")


def test_every_shipped_table_has_the_name_of_its_file():
    assert all(load_oracle(name).name == name for name in oracle_names())
