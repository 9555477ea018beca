import errno
import os
import signal
import subprocess
import sys
import threading

import pytest

from rcnas_zoo.execution.locks import exclusive, waited
from rcnas_zoo.spec.errors import Unavailable

HOLD = """
import sys, time
from pathlib import Path
from rcnas_zoo.execution.locks import exclusive
with exclusive(Path(sys.argv[1]), "key"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock `key`."""
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_that_another_process_holds_is_refused_with_its_number(holder, tmp_path):
    refusal = f"must not run twice at once, but process {holder.pid} runs it; wait for it, or end it"
    with pytest.raises(Unavailable, match=refusal), exclusive(tmp_path, "key"):
        pass


def test_another_key_is_free(holder, tmp_path):
    with exclusive(tmp_path, "other"):
        assert (tmp_path / "other.lock").read_text() == str(os.getpid())


def test_the_lock_of_a_killed_process_is_free(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with exclusive(tmp_path, "key"):
        assert (tmp_path / "key.lock").read_text() == str(os.getpid())


def test_a_lock_is_given_back_also_after_an_error(tmp_path):
    with pytest.raises(KeyError), exclusive(tmp_path / "new" / "folder", "key"):
        raise KeyError
    with exclusive(tmp_path / "new" / "folder", "key"):
        pass


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"must be writable.*RCNAS_CACHE"), exclusive(tmp_path / "file", "key"):
        pass


def test_whoever_waits_gets_the_lock_when_its_holder_ends(holder, tmp_path):
    threading.Timer(0.2, holder.kill).start()
    with waited(tmp_path, "key"):
        assert holder.wait(timeout=10) == -signal.SIGKILL
    with exclusive(tmp_path, "key"):
        pass


@pytest.mark.parametrize("hold", [exclusive, waited])
def test_a_file_system_without_locks_is_one_clear_line(hold, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(Unavailable, match=r"must lie where files can be locked: .*No locks"), hold(tmp_path, "key"):
        pass
