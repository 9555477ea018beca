import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.zoo.index import index_path, read_index, write_index
from rcnas_zoo.zoo.listing import Listing

ACCURACIES = st.none() | st.floats(0, 1)
LISTINGS = st.builds(
    Listing,
    name=st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True),
    version=st.none() | st.integers(1, 10**6),
    dataset=st.text(max_size=10),
    macs=st.integers(1, 10**15),
    parameters=st.integers(1, 10**12),
    threat=st.sampled_from(["", "linf@8/255", "l2@1/2"]),
    clean_accuracy=ACCURACIES,
    robust_accuracy=ACCURACIES,
    source=st.sampled_from(["registry", "catalogue"]),
    weights=st.booleans(),
)
ROW = Listing("robust-2m", 3, "digits", 2_000_000, 70_000, "linf@1/5", 0.95, 0.5, "registry", True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RCNAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def uri(tmp_path):
    return f"sqlite:///{tmp_path}/mlflow.db"


@settings(max_examples=60, deadline=None)
@given(st.lists(LISTINGS, max_size=4))
def test_what_is_written_reads_back_in_its_order(rows):
    with tempfile.TemporaryDirectory() as folder:
        write_index(f"sqlite:///{folder}/mlflow.db", rows)
        assert read_index(f"sqlite:///{folder}/mlflow.db") == rows


def test_writing_again_replaces_all_rows(uri, tmp_path):
    write_index(uri, [ROW, ROW])
    write_index(uri, [ROW])
    assert read_index(uri) == [ROW]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db.rcnas-index.json"]


def test_a_registry_without_index_has_no_rows(uri):
    assert read_index(uri, on_damage=pytest.fail) == []


@pytest.mark.parametrize(
    "text",
    ["sqlite:////data/mlflow.db", "sqlite+pysqlite:////data/mlflow.db", "sqlite:////data/mlflow.db?timeout=10"],
)
def test_the_index_of_a_database_file_lies_beside_it(text):
    assert index_path(text) == Path("/data/mlflow.db.rcnas-index.json")


def test_a_relative_database_is_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_index("sqlite:///mlflow.db", [ROW])
    assert read_index(f"sqlite:///{tmp_path}/mlflow.db") == [ROW]


def test_the_index_lies_beside_a_database_whose_folder_has_a_space(tmp_path):
    uri = f"sqlite:///{tmp_path}/my%20work/mlflow.db"
    assert index_path(uri) == tmp_path / "my work" / "mlflow.db.rcnas-index.json"


def test_servers_have_each_their_own_file_in_the_cache_without_naming_them(cache):
    servers = [
        "http://user:secret@host:5000",
        "http://host:5000",
        "https://host:5000",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:/data/mlflow.db?mode=ro&uri=true",
    ]
    paths = {index_path(server) for server in servers}
    assert len(paths) == len(servers)
    assert {path.parent for path in paths} == {cache / "index"}
    assert all(len(path.stem) == 64 and "secret" not in path.name for path in paths)
    assert index_path("http://host:5000/") == index_path("http://host:5000")


def test_without_a_variable_the_cache_is_the_users_own(monkeypatch):
    monkeypatch.delenv("RCNAS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/the-cache")
    assert index_path("http://host:5000").parts[:4] == ("/", "the-cache", "rcnas-zoo", "index")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_changed_byte_gives_the_same_rows_or_none_and_a_note(data):
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        write_index(uri, [ROW])
        content = bytearray(index_path(uri).read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        index_path(uri).write_bytes(content)
        notes = []
        rows = read_index(uri, on_damage=notes.append)
        assert (rows, len(notes)) in (([], 1), ([ROW], 0))
        assert len(os.listdir(folder)) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"{}", b"\xff", b'{"format":1,"listings":[],"digest":""}', b"[" * 100_000, b'{"format":2}'],
)
def test_a_damaged_index_is_set_aside_and_the_note_says_how_to_make_it_again(uri, content):
    path = index_path(uri)
    path.write_bytes(content)
    notes = []
    assert read_index(uri, on_damage=notes.append) == []
    assert len(notes) == 1
    assert "was set aside" in notes[0]
    assert notes[0].endswith("make it again with: rcnas-zoo list --refresh")
    assert "\n" not in notes[0]
    assert not path.exists()
    assert path.with_name(f"{path.name}.damaged").read_bytes() == content
    assert read_index(uri) == []


def test_a_row_that_no_version_would_write_counts_as_damage(uri):
    from rcnas_zoo.spec.canonical import canonical_json, digest

    rows = [{**ROW.to_dict(), "name": "../x"}]
    index_path(uri).write_text(canonical_json({"format": 1, "listings": rows, "digest": digest(rows)}))
    assert read_index(uri) == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match="must be writable: "):
        write_index(f"sqlite:///{tmp_path}/file/mlflow.db", [ROW])
