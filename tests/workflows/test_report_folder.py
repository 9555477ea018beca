import json

import pytest
from PIL import Image
from safetensors.torch import load_file

from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.evaluate import evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.verify import verify_entry

CHECKS = ["report", "hashes", "numbers", "network", "images", "receipt"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return Machine(cache=tmp_path_factory.mktemp("cache"), workers=1)


@pytest.fixture
def made(trained, machine, tmp_path):
    """An evaluation over three radii, and its report folder."""
    settings = EvaluateSettings(attacks=("fgsm", "pgd-3"), samples=60, radii=("1/20", "1/2"))
    folder = tmp_path / "report"
    return evaluate_entry(str(trained.entry.folder), settings, machine, to=folder), folder


def failed(folder, machine, model=None):
    checks = verify_entry(str(folder), machine, model).checks
    assert [check.name for check in checks] == CHECKS
    return {check.name: check.detail for check in checks if not check.passed}


def test_a_report_is_a_folder_of_numbers_verdicts_proof_and_pictures(made):
    evaluation, folder = made
    names = {"report.json", "verdicts.safetensors", "receipt.safetensors", "confusion.png", "curve.png"}
    assert {path.name for path in folder.iterdir()} == names
    about = json.loads((folder / "report.json").read_text())
    assert about["robust_accuracy"] == evaluation.measurement.robust_accuracy
    assert about["broken"] == 60 - round(60 * about["robust_accuracy"])
    stored = load_file(folder / "verdicts.safetensors")
    assert set(stored) == {"clean", "fgsm", "pgd-3", "labels"}
    assert int((stored["pgd-3"] == stored["labels"]).sum()) == round(60 * about["attacks"]["pgd-3"])
    for name in ("confusion.png", "curve.png"):
        with Image.open(folder / name) as image:
            assert image.format == "PNG"


def test_the_curve_falls(made):
    evaluation, _ = made
    assert [point.threat for point in evaluation.curve] == ["linf@1/20", "linf@1/5", "linf@1/2"]
    robust = [point.robust_accuracy for point in evaluation.curve]
    assert robust == sorted(robust, reverse=True)
    assert robust[0] > robust[-1]
    assert evaluation.curve[1].attacks == evaluation.measurement.attacks
    assert all(point.interval[0] <= point.robust_accuracy <= point.interval[1] for point in evaluation.curve)


def test_a_report_is_proved_again(made, machine):
    _, folder = made
    assert failed(folder, machine) == {}
    *_, receipt = verify_entry(str(folder), machine).checks
    assert receipt.detail.startswith("at most ")


def test_a_report_of_code_is_verified_only_with_the_code_named(nets, machine, tmp_path):
    settings = EvaluateSettings(attacks=("fgsm",), dataset="digits", samples=30)
    evaluate_entry(f"{nets}:net", settings, machine, to=tmp_path / "report")
    assert "whose code is not run unasked; name it with --model" in failed(tmp_path / "report", machine)["network"]
    assert failed(tmp_path / "report", machine, f"{nets}:net") == {}


@pytest.mark.parametrize("name", ["verdicts.safetensors", "receipt.safetensors", "curve.png"])
def test_a_changed_file_is_refused(made, machine, name):
    _, folder = made
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "hashes" in failed(folder, machine)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"broken": 60}, "receipt"),
        ({"broken": 0}, "numbers"),
        ({"robust_accuracy": 0.9875}, "numbers"),
        ({"clean_accuracy": 1.0}, "numbers"),
        ({"attacks": {"fgsm": 1.0}}, "numbers"),
        ({"attacks": {"autoattack": 0.5}}, "numbers"),
        ({"dataset": "npz:/etc/passwd"}, "images"),
        ({"files": {"..": "0" * 64}}, "hashes"),
        ({"threat": "linf@1/50"}, "receipt"),
        ({"identity": {"weights": "0" * 64}}, "network"),
        ({"data_digest": "0" * 64}, "images"),
        ({"seed": 1}, "images"),
        ({"model": "../../etc:passwd"}, "network"),
        ({"format": 2}, "report"),
        ({"files": {"../report/receipt.safetensors": "0" * 64}}, "hashes"),
        ({"files": {}}, "hashes"),
        ({"samples": "many"}, "report"),
    ],
)
def test_a_report_that_claims_something_else_is_refused(made, machine, change, name):
    _, folder = made
    about = json.loads((folder / "report.json").read_text())
    del about["seal"]
    about |= change
    (folder / "report.json").write_text(canonical_json({**about, "seal": digest(about)}))
    assert name in failed(folder, machine)


def test_the_folder_must_be_new(made, trained, machine):
    _, folder = made
    with pytest.raises(InvalidInput, match="the folder for a report must not exist yet"):
        evaluate_entry(str(trained.entry.folder), EvaluateSettings(attacks=("fgsm",)), machine, to=folder)


def test_whatever_is_changed_breaks_the_seal(made, machine):
    _, folder = made
    about = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(canonical_json({**about, "flags": ["all is well"]}))
    assert "must match its own seal" in failed(folder, machine)["report"]
