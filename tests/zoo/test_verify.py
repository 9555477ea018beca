from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.zoo.verify import VerifyReport, verify

WEIGHTS = "weights.safetensors"
ALL = [
    "record",
    "spec",
    "hashes",
    "spec digest",
    "cost",
    "measurements",
    "weights file",
    "finite weights",
    "fitting weights",
    "canary",
    "receipt",
]


def failed(report: VerifyReport) -> dict[str, str]:
    return {check.name: check.detail for check in report.checks if not check.passed}


def test_an_intact_entry_passes_every_check(entry_folder):
    report = verify(entry_folder)
    assert report.passed
    assert [check.name for check in report.checks] == ALL
    assert failed(report) == {}


def test_an_architecture_alone_passes_without_checks_of_weights(architecture_folder):
    report = verify(architecture_folder)
    assert report.passed
    assert [check.name for check in report.checks] == ALL[:6]


def test_a_damaged_record_stops_only_what_needs_it(entry_folder):
    (entry_folder / "record.json").write_text("{}")
    found = failed(verify(entry_folder))
    assert set(found) == {"record", "hashes", "spec digest", "cost", "measurements", "receipt"}
    assert "record.json must" in found["record"]
    assert found["hashes"] == "not checked, for what it needs failed above"


def test_a_damaged_spec_stops_only_what_needs_it(entry_folder):
    (entry_folder / "spec.json").write_text("{}")
    assert set(failed(verify(entry_folder))) == {
        *("spec", "hashes", "spec digest", "cost", "fitting weights", "canary", "receipt")
    }


def test_damaged_weights_are_told_by_every_check_that_sees_it(entry_folder):
    content = (entry_folder / WEIGHTS).read_bytes()
    (entry_folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    found = failed(verify(entry_folder))
    assert set(found) == {"hashes", "weights file", "finite weights", "fitting weights", "canary", "receipt"}
    assert "weights.safetensors must be a whole safetensors file" in found["weights file"]


def test_missing_weights_fail(entry_folder):
    (entry_folder / WEIGHTS).unlink()
    assert {"hashes", "weights file"} <= set(failed(verify(entry_folder)))


def test_forged_nan_weights_fail_the_check_of_finiteness_and_the_canary(entry_folder, reseal):
    state = load_file(entry_folder / WEIGHTS)
    name = "classifier.weight"
    state[name].view(-1)[0] = torch.nan
    save_file(state, entry_folder / WEIGHTS)
    reseal(entry_folder)
    found = failed(verify(entry_folder))
    assert set(found) == {"finite weights", "canary"}
    assert f"NaN in tensor {name!r}" in found["finite weights"]


def test_a_missing_canary_fails(entry_folder):
    (entry_folder / "canary.safetensors").unlink()
    assert set(failed(verify(entry_folder))) == {"hashes", "canary"}


def test_a_forged_cost_fails_the_cost_alone(entry_folder, reseal):
    reseal(entry_folder, macs=5)
    assert set(failed(verify(entry_folder))) == {"cost"}


def test_forged_numbers_fail_the_measurements_alone(entry_folder, reseal, tiny_measurement):
    reseal(entry_folder, measured=(replace(tiny_measurement, robust_accuracy=1.0),))
    assert set(failed(verify(entry_folder))) == {"measurements"}


def test_what_is_no_entry_is_an_error_and_no_report(tmp_path):
    with pytest.raises(NotFound, match="an entry folder must exist"):
        verify(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="an entry must be a folder"):
        verify(tmp_path)
