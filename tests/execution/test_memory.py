import ctypes
import platform
from pathlib import Path

import pytest

from rcnas_zoo.execution import memory
from rcnas_zoo.execution.memory import trim


def resident() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_was_freed_in_pieces_goes_back():
    size = 50_000
    blocks = [ctypes.create_string_buffer(size) for _ in range(2000)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    del blocks[:-1], block  # the last one lies above the others, so that these cannot be cut off
    held = resident()
    trim()
    assert held - resident() > 50_000_000


def test_where_there_is_no_glibc_nothing_happens(monkeypatch):
    def missing(_):
        raise OSError("no such library")

    monkeypatch.setattr(memory.ctypes, "CDLL", missing)
    trim()
