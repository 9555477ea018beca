import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rcnas_zoo.attacks import autoattack
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.workflows.evaluate import evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.resuming import token_of

from .interrupted_evaluation import EFFORT, run

ROOT = Path(__file__).parents[2]
ASKED = {"model": "net.py:net", "seed": 0}
IDENTITY = {"weights": "a" * 64, "data": "b" * 64}


def token(cache, *, identity=IDENTITY, resume=True, known=False):
    return token_of(cache, ASKED, identity, resume=resume, known=known)


def test_code_of_ones_own_begins_anew_unless_told_to_resume(tmp_path):
    first = token(tmp_path, resume=False)
    assert token(tmp_path) == first
    second = token(tmp_path, resume=False)
    assert second != first
    assert token(tmp_path) == second


def test_what_hashes_tell_needs_nothing_more(tmp_path):
    assert token(tmp_path, known=True, resume=False) == token(tmp_path, known=True) == ""


def test_another_evaluation_is_another_matter(tmp_path):
    first = token(tmp_path, resume=False)
    assert token_of(tmp_path, {**ASKED, "seed": 1}, IDENTITY, resume=True, known=False) != first


@pytest.mark.parametrize(("name", "word"), [("weights", "weights"), ("data", "images")])
def test_what_has_changed_is_refused(tmp_path, name, word):
    token(tmp_path)
    with pytest.raises(IntegrityError, match=f"with the same {word} alone, but they were .* leave out --resume"):
        token(tmp_path, identity={**IDENTITY, name: "c" * 64})
    assert token(tmp_path, identity={**IDENTITY, name: "c" * 64}, resume=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": 3, "token": "a"}'])
def test_a_damaged_note_is_none(tmp_path, content):
    token(tmp_path)
    (note,) = (tmp_path / "evaluations").iterdir()
    note.write_text(content)
    assert token(tmp_path)


def start(entry, cache):
    command = [sys.executable, "-m", "tests.workflows.interrupted_evaluation", entry, str(cache)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_an_evaluation_that_is_killed_goes_on_where_it_stopped(trained, tmp_path, monkeypatch):
    entry = str(trained.entry.folder)
    with start(entry, tmp_path) as process:
        while int(process.stdout.readline()) < 20:
            pass
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    output, _ = start(entry, tmp_path).communicate(timeout=120)
    *done, verdicts = output.splitlines()
    assert done == ["20", "30", "40"]
    monkeypatch.setattr(autoattack.standard, "__defaults__", (EFFORT,))
    undisturbed = run(entry, tmp_path / "another")
    assert json.loads(verdicts) == undisturbed.report.verdicts["autoattack"].tolist()


def test_another_network_under_the_same_path_is_refused(nets, tmp_path):
    settings = EvaluateSettings(attacks=("pgd-2",), dataset="digits", samples=8, resume=True)
    machine = Machine(cache=tmp_path / "cache")
    first = evaluate_entry(f"{nets}:net", settings, machine)
    assert evaluate_entry(f"{nets}:net", settings, machine).seconds == first.seconds
    nets.write_text(nets.read_text().replace("manual_seed(0)", "manual_seed(1)"))
    with pytest.raises(IntegrityError, match="resumed with the same code alone"):
        evaluate_entry(f"{nets}:net", settings, machine)
