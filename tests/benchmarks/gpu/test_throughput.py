"""Rates are of the engine's own updates, kept as they come, and a plan is made of them."""

import json
from argparse import Namespace

import pytest
import torch

from benchmarks.gpu import rates, throughput
from benchmarks.gpu.plan import table
from benchmarks.gpu.rates import LEAST, Case
from benchmarks.gpu.recipes import network_spec, quick_recipe
from benchmarks.gpu.train import GO_ON
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.errors import InvalidInput, NotFound

CASES = "--networks wrn-10-1 --compile off --seconds 0.01 --set batch_size=4 --device cpu"
WORDS = ("throughput", *CASES.split(), "--out")


@pytest.fixture(autouse=True)
def known_peak(monkeypatch):
    monkeypatch.setattr(throughput, "peak", lambda device: {"float32": 1e12, "bfloat16": 2e12})


def case(objective, **changes):
    recipe = quick_recipe("cifar10", objective, {"batch_size": 4, **changes})
    return Case(network_spec("wrn-10-1"), recipe, torch.device("cpu"))


def test_every_case_has_a_row_and_is_measured_once(run, tmp_path, monkeypatch):
    assert run(*WORDS, tmp_path)[0] == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    peak, *rows = found["rows"]
    assert peak == {"table": "peak", "float32": 1e12, "bfloat16": 2e12}
    assert [row["title"] for row in rows] == ["TRADES-10", "SAT-7", "FAST-1"]
    monkeypatch.setattr(throughput, "measure", None)
    assert run(*WORDS, tmp_path)[0] == 0
    assert json.loads((tmp_path / "gpu.json").read_text()) == found


def test_a_row_agrees_with_itself(run, tmp_path):
    run(*WORDS, tmp_path, "--objectives", "sat")
    row = json.loads((tmp_path / "gpu.json").read_text())["rows"][-1]
    macs = cost(network_spec("wrn-10-1")).macs
    assert (row["macs"], row["batch"], row["compiled"]) == (macs, 4, False)
    # Seven steps of a pass forward and one back, then a pass forward and one back to images and weights; 2 a MAC.
    assert row["of_peak"] == pytest.approx(row["images_per_second"] * 2 * macs * (7 * 2 + 3) / 1e12, abs=1e-4)
    assert row["updates"] >= LEAST


@pytest.mark.parametrize(
    ("objective", "passes"),
    # Forward and back to the images each step; TRADES: one natural pass, then two images through the update.
    [("fast", 2 + 3), ("sat", 7 * 2 + 3), ("trades", 10 * 2 + 1 + 2 * 3)],
)
def test_operations_count_passes(objective, passes):
    assert case(objective).operations == 2 * passes * cost(network_spec("wrn-10-1")).macs


def test_updates_follow_one_another_as_in_a_training(monkeypatch):
    seen = []
    run = rates.Updates.run
    monkeypatch.setattr(rates.Updates, "run", lambda updates, number: (seen.append(number), run(updates, number))[1])
    found = rates.measure(case("fast"), 0.0)
    assert seen == list(range(rates.WARMUP + LEAST))
    assert found["updates"] == LEAST


def test_what_was_measured_stays_when_time_is_up(run, tmp_path, monkeypatch):
    measure = throughput.measure

    def slow(case, seconds):
        if case.recipe.objective == "sat":
            raise throughput.TimeUp
        return measure(case, seconds)

    monkeypatch.setattr(throughput, "measure", slow)
    assert run(*WORDS, tmp_path)[0] == GO_ON
    assert [row.get("title") for row in json.loads((tmp_path / "gpu.json").read_text())["rows"]] == [None, "TRADES-10"]


def test_figures_of_two_machines_are_not_mixed(run, tmp_path):
    (tmp_path / "gpu.json").write_text('{"machine": {"card": "another"}, "rows": []}')
    code, _, err = run(*WORDS, tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "must hold results of this machine, got another's" in err


def test_a_plan_is_the_arithmetic_of_the_rates():
    row = {"network": "n", "title": "SAT-7", "compiled": True, "images_per_second": 1000.0, "warmup_seconds": 30.0}
    asked = Namespace(total_minutes=20, slice_minutes=8.5, load_seconds=20, spare=0.1, images=50_000)
    # (1,200 - 3 * 50) s * 0.9 * 1,000 images/s are 18.9 epochs; 18 take 1,000 s in three slices.
    assert table([row], asked).splitlines()[-1].split() == ["n", "SAT-7", "yes", "1000", "18", "19.2", "50.0"]


def test_a_plan_needs_rates(run, tmp_path):
    code, _, err = run("plan", "--rates", tmp_path / "gpu.json", "--total-minutes", "20")
    assert (code, err.count("\n")) == (3, 1)
    assert "run throughput first" in err


def test_networks_have_names_rules_and_files(tmp_path):
    spec = network_spec("rule@5g")
    assert 4.5e9 < cost(spec).macs <= 5e9
    (tmp_path / "spec.json").write_text(spec.to_json())
    assert network_spec(str(tmp_path / "spec.json")) == spec
    with pytest.raises(NotFound, match="a spec file must exist"):
        network_spec("nowhere.json")


def test_a_spec_for_other_images_is_refused(tmp_path):
    from rcnas_zoo.datasets.load import load_dataset

    (tmp_path / "spec.json").write_text(network_spec("wrn-10-1").to_json())
    with pytest.raises(InvalidInput, match=r"must take images \(1, 8, 8\) of 10 classes, got \(3, 32, 32\) and 10"):
        network_spec(str(tmp_path / "spec.json"), load_dataset("digits"))


@pytest.mark.parametrize("objective", ["trades", "sat", "fast"])
def test_a_quick_recipe_has_one_cycle_and_the_threat_of_its_data(objective):
    recipe = quick_recipe("cifar10", objective, {})
    assert (recipe.schedule, recipe.objective, recipe.threat, recipe.flip) == (
        "one-cycle",
        objective,
        "linf@8/255",
        True,
    )
    assert recipe.weight_average > 0
    digits = quick_recipe("digits", objective, {"momentum": 0.5})
    assert (digits.threat, digits.flip, digits.momentum) == ("linf@1/5", False, 0.5)
