import os

from rcnas_zoo.execution.disk import sync_folder, write_file


def test_a_file_and_its_folder_are_flushed_to_the_disk(tmp_path, monkeypatch):
    flushed, really = [], os.fsync

    def fsync(handle):
        flushed.append(os.readlink(f"/proc/self/fd/{handle}") if os.path.isdir("/proc/self/fd") else "")
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_file(tmp_path / "a", b"one")
    write_file(tmp_path / "a", b"two")
    sync_folder(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"two"
    assert len(flushed) == 3
    if flushed[0]:
        assert flushed == [str(tmp_path / "a")] * 2 + [str(tmp_path)]
