"""What is installed, which stores answer, which MLflow environment managers work, which entries verify."""

import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import RcnasError
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.tracking.uris import shown
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.zoo.catalogue import catalogue_names, catalogue_root
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.verify import verify

PACKAGES = ("torch", "torchvision", "mlflow", "optuna", "torchattacks", "ptflops", "safetensors", "click")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it works, whether the package needs it to, and what was seen."""

    name: str
    works: bool
    needed: bool
    detail: str


def examine(machine: Machine | None = None) -> list[Finding]:
    """Every finding, in the order of the floors; one that fails never hides another."""
    machine = machine or Machine()
    return [
        _finding("python", True, lambda: f"{platform.python_version()}, {available_cores()} cores"),
        *(_finding(f"package {name}", True, partial(version, name)) for name in PACKAGES),
        _finding("device", True, machine.device_name),
        _finding("cache", True, partial(_cache, machine.cache)),
        _finding("tracking store", True, _store),
        *_managers(),
        *(_finding(f"data {name}", False, partial(_data, name, machine)) for name in DATASETS),
        *_entries(),
    ]


def _finding(name: str, needed: bool, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, needed, look())
    except Exception as error:
        # Whatever is broken, a doctor tells of it and looks on.
        return Finding(name, False, needed, str(error) or type(error).__name__)


def _cache(root: Path) -> str:
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=root):
        return f"{root}, {shutil.disk_usage(root).free / 1e9:.0f} GB free"


def _store() -> str:
    store = current_store()
    if not store.has_runs:
        return f"{shown(store.tracking_uri)}, which the first run makes"
    store.client()
    return shown(store.tracking_uri)


def _managers() -> list[Finding]:
    """MLflow's environment managers; ``local`` is what this project uses."""
    return [
        Finding("mlflow run --env-manager local", True, True, "uses this environment"),
        _manager("uv", "uv", "builds a second environment with uv"),
        _manager("virtualenv", "pyenv", "MLflow's default; builds a second environment and needs pyenv"),
    ]


def _manager(name: str, program: str, detail: str) -> Finding:
    found = shutil.which(program)
    missing = "" if found else f"; {program} is not on the PATH"
    return Finding(f"mlflow run --env-manager {name}", bool(found), False, detail + missing)


def _data(name: str, machine: Machine) -> str:
    from rcnas_zoo.datasets.load import load_dataset

    return f"{len(load_dataset(name, machine.data_root).train)} training images"


def _entries() -> list[Finding]:
    """The shipped catalogue, then each of its entries."""
    whole = _finding("catalogue", True, lambda: f"{len(catalogue_names())} entries")
    names = catalogue_names() if whole.works else []
    return [whole, *(_finding(f"entry {name}", True, partial(_entry, name)) for name in names)]


def _entry(name: str) -> str:
    folder = catalogue_root() / name
    report = verify(folder, whole=False)
    failed = [check.name for check in report.checks if not check.passed]
    if failed:
        raise RcnasError(f"fails {', '.join(failed)}")
    absent = "" if read_entry(folder, whole=False).is_whole else f"; the weights come with: rcnas-zoo pull {name}"
    return f"{len(report.checks)} checks pass{absent}"
