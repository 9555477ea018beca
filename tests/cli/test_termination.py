import os
import signal
import subprocess
import sys

import pytest
from rcnas_zoo_cli.termination import Terminated, heeding_sigterm

from .answers import document

TRAIN = """
import os, signal
import rcnas_zoo.workflows.train
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo_cli.main import main

def train(*_, **__):
    with open_run(current_store(), "train", "x", {}):
        os.kill(os.getpid(), signal.SIGTERM)

rcnas_zoo.workflows.train.train = train
main(["train", "wrn-10-1", "--dataset", "digits"])
"""


def test_sigterm_is_an_exception_within_the_block_alone():
    usual = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), heeding_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == usual


def tidied_up_under_a_second_sigterm(tidied):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        tidied.append(True)


def test_a_second_sigterm_does_not_cut_off_the_tidying_up():
    tidied = []
    with pytest.raises(Terminated), heeding_sigterm():
        tidied_up_under_a_second_sigterm(tidied)
    assert tidied == [True]


def test_a_terminated_training_says_so_and_closes_its_run(run, store, here, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (143, "")
    assert done.stderr == "error: terminated; give the same command again, what was kept is not done twice\n"
    (tracked,) = document(run("runs", "--json"))
    assert (tracked["workflow"], tracked["status"]) == ("train", "KILLED")
