"""A pilot sees a network that learns, and one that forgets."""

import json

import pytest

from benchmarks.gpu import pilot
from benchmarks.gpu.pilot import overfits, verdict


def rows(*pairs):
    return [{"clean": 0.8, "fgsm": fgsm, "pgd-20": pgd} for fgsm, pgd in pairs]


LEARNS = rows((0.2, 0.15), (0.4, 0.3), (0.5, 0.4))
FORGETS = rows((0.3, 0.25), (0.45, 0.4), (0.85, 0.02))


@pytest.mark.parametrize(
    ("curve", "found"),
    [
        (LEARNS, False),
        (FORGETS, True),
        (FORGETS[:2], False),
        # It gets worse all over: another illness.
        (rows((0.5, 0.4), (0.1, 0.05)), False),
        # A dip that is over.
        (rows((0.5, 0.4), (0.8, 0.1), (0.55, 0.42)), False),
        (rows((0.1, 0.0)), False),
    ],
)
def test_catastrophic_overfitting_is_told_from_other_things(curve, found):
    assert overfits(curve) is found


def test_the_verdict_is_one_line():
    assert verdict("FAST-1", FORGETS) == (
        "FAST-1: clean 80.0 %, FGSM 85.0 %, PGD-20 2.0 % (best 40.0 %); catastrophic overfitting, do not take it"
    )
    assert verdict("SAT-7", LEARNS).endswith("; no sign of catastrophic overfitting")


def test_a_pilot_of_two_objectives(run, tmp_path, monkeypatch):
    monkeypatch.setattr(pilot, "TIMED_SECONDS", 0.05)
    words = "--network wrn-10-1 --dataset digits --objectives fast,sat --seconds 0.3 --samples 64 --device cpu"
    code, out, err = run("pilot", *words.split(), "--set", "attack_steps=1", "--out", tmp_path)
    assert code == 0, err
    assert [line.split(":")[0] for line in out.splitlines()] == ["FAST-1", "SAT-1"]
    told = json.loads((tmp_path / "pilot.json").read_text())["pilots"]
    for name in ("fast", "sat"):
        assert len(told[name]["curve"]) == told[name]["epochs"] >= 1
        assert told[name]["recipe"]["objective"] == name
        assert told[name]["curve"][-1]["fgsm"] >= told[name]["curve"][-1]["pgd-20"]
