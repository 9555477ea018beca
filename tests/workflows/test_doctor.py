import shutil

import pytest

from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.workflows import doctor
from rcnas_zoo.workflows.doctor import PACKAGES, examine
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.zoo.catalogue import catalogue_names, catalogue_root

MANAGERS = [f"mlflow run --env-manager {name}" for name in ("local", "uv", "virtualenv")]


def found(machine=None):
    return {finding.name: finding for finding in examine(machine)}


def broken(*_, **__):
    raise OSError("the disk is on fire")


def test_everything_is_looked_at(here, machine):
    assert list(found(machine)) == [
        "python",
        *(f"package {name}" for name in PACKAGES),
        "device",
        "cache",
        "tracking store",
        *MANAGERS,
        *(f"data {name}" for name in DATASETS),
        "catalogue",
        *(f"entry {name}" for name in catalogue_names()),
    ]


def test_on_a_sound_machine_all_that_is_needed_works(here, machine):
    findings = found(machine)
    assert [finding for finding in findings.values() if finding.needed and not finding.works] == []
    assert findings["data digits"].detail == "1437 training images"
    assert findings["tracking store"].detail == here.tracking_uri
    assert findings["entry wrn-28-10"].detail.endswith("checks pass")
    assert findings["cache"].detail.startswith(str(machine.cache))


def test_absent_data_is_told_but_not_needed(here, machine):
    finding = found(machine)["data cifar10"]
    assert (finding.works, finding.needed) == (False, False)
    assert "cifar10" in finding.detail


@pytest.mark.parametrize(
    ("name", "part", "detail"),
    [
        ("device", "rcnas_zoo.workflows.machine.Machine.device_name", "the disk is on fire"),
        ("cache", "rcnas_zoo.workflows.doctor._cache", "the disk is on fire"),
        ("tracking store", "rcnas_zoo.workflows.doctor.current_store", "the disk is on fire"),
        ("entry wrn-28-10", "rcnas_zoo.workflows.doctor.verify", "the disk is on fire"),
        ("data digits", "rcnas_zoo.datasets.load.load_dataset", "the disk is on fire"),
        ("catalogue", "rcnas_zoo.workflows.doctor.catalogue_names", "the disk is on fire"),
        ("package torch", "rcnas_zoo.workflows.doctor.version", "the disk is on fire"),
    ],
)
def test_what_fails_is_told_and_hides_nothing_else(name, part, detail, here, machine, monkeypatch):
    names = list(found(machine))
    monkeypatch.setattr(part, broken)
    findings = found(machine)
    assert (findings[name].works, findings[name].detail) == (False, detail)
    assert set(names) - set(findings) <= {other for other in names if other.startswith("entry ")}
    assert findings["python"].works


def test_a_failing_entry_names_its_failing_checks(here, machine, tmp_path, monkeypatch):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "record.json").write_text("{}")
    monkeypatch.setattr(doctor, "catalogue_root", lambda: tmp_path)
    monkeypatch.setattr(doctor, "catalogue_names", lambda: ["bad"])
    finding = found(machine)["entry bad"]
    assert (finding.works, finding.detail[:20]) == (False, "fails record, spec, ")


def test_an_entry_whose_weights_were_not_installed_is_sound_and_says_so(here, machine, tmp_path, monkeypatch):
    folder = shutil.copytree(catalogue_root() / "robust-2m", tmp_path / "robust-2m")
    (folder / "weights.safetensors").unlink()
    monkeypatch.setattr(doctor, "catalogue_root", lambda: tmp_path)
    monkeypatch.setattr(doctor, "catalogue_names", lambda: ["robust-2m"])
    finding = found(machine)["entry robust-2m"]
    assert (finding.works, finding.detail) == (True, "6 checks pass; the weights come with: rcnas-zoo pull robust-2m")


def test_an_error_without_words_is_told_by_its_kind(here, machine, monkeypatch):
    def wordless():
        raise Unavailable

    monkeypatch.setattr(doctor, "current_store", wordless)
    assert found(machine)["tracking store"].detail == "Unavailable"


def test_a_doctor_makes_no_store(monkeypatch, machine, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new/mlflow.db")
    finding = found(machine)["tracking store"]
    assert finding.works
    assert finding.detail.endswith("new/mlflow.db, which the first run makes")
    assert not (tmp_path / "new").exists()


def test_a_server_that_does_not_answer_is_told(closed_server, machine, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed_server.tracking_uri)
    finding = found(machine)["tracking store"]
    assert (finding.works, finding.needed) == (False, True)
    assert closed_server.tracking_uri in finding.detail


@pytest.mark.parametrize("there", [True, False])
def test_an_environment_manager_works_if_its_program_is_there(there, here, machine, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda program: f"/bin/{program}" if there else None)
    findings = found(machine)
    assert [findings[name].works for name in MANAGERS] == [True, there, there]
    assert ("pyenv is not on the PATH" in findings[MANAGERS[2]].detail) is not there
    assert [findings[name].needed for name in MANAGERS] == [True, False, False]


def test_the_default_machine_is_this_one(here):
    assert found()["cache"].detail.startswith(str(Machine().cache))
