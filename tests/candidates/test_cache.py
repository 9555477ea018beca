from pathlib import Path

import pytest

from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.spec.errors import Unavailable

KEY = "ab" * 32
FILES = {"result.json": b'{"a":1}', "weights.bin": bytes(range(256))}


@pytest.fixture
def cache(tmp_path: Path) -> ContentCache:
    return ContentCache(tmp_path)


def folder(cache: ContentCache) -> Path:
    return cache.root / "training" / KEY[:2] / KEY


def test_what_is_put_is_got(cache):
    cache.put("training", KEY, FILES)
    assert cache.get("training", KEY) == FILES


def test_an_absent_entry_and_another_kind_are_none(cache):
    cache.put("training", KEY, FILES)
    assert cache.get("training", "cd" * 32) is None
    assert cache.get("verdicts", KEY) is None


def test_the_first_entry_stays(cache):
    cache.put("training", KEY, FILES)
    cache.put("training", KEY, {"result.json": b"other"})
    assert cache.get("training", KEY) == FILES


@pytest.mark.parametrize("name", ["result.json", "weights.bin", "hashes.json"])
def test_a_damaged_entry_is_set_aside_and_can_be_made_anew(cache, name):
    cache.put("training", KEY, FILES)
    path = folder(cache) / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert cache.get("training", KEY) is None
    assert folder(cache).with_suffix(".damaged").is_dir()
    cache.put("training", KEY, FILES)
    assert cache.get("training", KEY) == FILES


def test_a_damaged_entry_that_another_process_has_set_aside_already_is_none(cache, monkeypatch):
    cache.put("training", KEY, FILES)
    (folder(cache) / "weights.bin").unlink()
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: folder(cache).rename(cache.root / "elsewhere"))
    assert cache.get("training", KEY) is None


def test_a_missing_file_is_damage(cache):
    cache.put("training", KEY, FILES)
    (folder(cache) / "weights.bin").unlink()
    assert cache.get("training", KEY) is None


def test_nothing_temporary_stays_behind(cache):
    cache.put("training", KEY, FILES)
    assert [path.name for path in folder(cache).parent.iterdir()] == [KEY]


def test_an_unwritable_root_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable, match=r"must be writable.*RCNAS_CACHE"):
        ContentCache(tmp_path / "file" / "cache").put("training", KEY, FILES)
