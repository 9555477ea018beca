import errno
import os
from hashlib import sha256

import pytest

from rcnas_zoo.spec.errors import IntegrityError, Unavailable
from rcnas_zoo.zoo.files import new_folder, read_limited, replace_file, sha256_of


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_sha256_of_a_file_larger_than_a_block_is_that_of_its_content(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "large").write_bytes(content)
    assert sha256_of(tmp_path / "large") == sha256(content).hexdigest()


def test_a_file_above_the_limit_is_refused_unread(tmp_path, monkeypatch):
    (tmp_path / "large").write_bytes(b"12345")
    assert read_limited(tmp_path / "large", 5) == b"12345"
    monkeypatch.setattr(type(tmp_path), "read_bytes", lambda self: pytest.fail("the file was read"))
    with pytest.raises(IntegrityError, match="large must be at most 4 bytes, got 5"):
        read_limited(tmp_path / "large", 4)


def test_reading_a_folder_as_a_file_is_one_line(tmp_path):
    with pytest.raises(Unavailable, match="must be readable: Is a directory"):
        sha256_of(tmp_path)


def test_replace_file_writes_anew_and_over(tmp_path):
    path = tmp_path / "deep" / "file"
    for content in (b"old", b"new"):
        replace_file(path, content)
        assert path.read_bytes() == content
    assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    replace_file(path, b"old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(Unavailable, match="must be writable: No space left on device; free some space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_new_folder_takes_its_place_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "target"
    with new_folder(target) as temporary:
        (temporary / "file").write_bytes(b"x")
        assert not target.exists()
    assert (target / "file").read_bytes() == b"x"
    assert [found.name for found in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_new_folder_vanishes_when_its_block_fails(tmp_path, error):
    def fail():
        with new_folder(tmp_path / "target") as temporary:
            (temporary / "file").write_bytes(b"x")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_replaces_the_old_one_whole(tmp_path):
    target = tmp_path / "target"
    for name in ("old", "new"):
        with new_folder(target) as temporary:
            (temporary / name).write_bytes(b"x")
    assert [found.name for found in target.iterdir()] == ["new"]
    assert [found.name for found in tmp_path.iterdir()] == ["target"]


def test_a_folder_that_came_up_meanwhile_is_left_alone(tmp_path):
    target = tmp_path / "target"

    def race():
        with new_folder(target):
            target.mkdir()
            (target / "theirs").write_bytes(b"x")

    with pytest.raises(Unavailable, match="must be writable: Directory not empty"):
        race()
    assert [found.name for found in target.iterdir()] == ["theirs"]
    assert [found.name for found in tmp_path.iterdir()] == ["target"]


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with new_folder(tmp_path / "link") as temporary:
        (temporary / "new").write_bytes(b"x")
    assert (tmp_path / "link").readlink() == tmp_path / "target"
    assert sorted(str(found.relative_to(tmp_path)) for found in tmp_path.rglob("*")) == ["link", "target", "target/new"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_move_in(tmp_path, monkeypatch):
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").write_bytes(b"x")
    rename = type(target).rename

    def refuse_the_new(self, other):
        return full_disk() if (self / "new").exists() else rename(self, other)

    monkeypatch.setattr(type(target), "rename", refuse_the_new)
    with pytest.raises(Unavailable, match="No space left"), new_folder(target) as temporary:
        (temporary / "new").write_bytes(b"x")
    assert [found.name for found in target.iterdir()] == ["old"]
    assert [found.name for found in tmp_path.iterdir()] == ["target"]


def test_a_folder_below_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(Unavailable, match="must be writable: ") as caught, new_folder(tmp_path / "file" / "target"):
        pytest.fail("the block ran")
    assert "\n" not in str(caught.value)
