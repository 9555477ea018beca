"""Command lines that run in this process, in a working directory of their own."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rcnas_zoo_cli.main import main
from safetensors.torch import load_file, save_file

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.entry import RECORD, SPEC, WEIGHTS, read_record
from rcnas_zoo.zoo.seal import seal
from rcnas_zoo.zoo.writing import write_entry

from ..conftest import forget_mlflow
from .answers import document


def rcnas_zoo(*words: object) -> Result:
    """What the command line answers."""
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def run() -> Callable[..., Result]:
    return rcnas_zoo


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def material(tmp_path_factory) -> Path:
    """What a user may hand over, whole and damaged: data files, entry folders, spec files."""
    root = tmp_path_factory.mktemp("material")
    _write_data(root)
    _write_entries(root)
    spec = (root / "whole" / SPEC).read_text()
    (root / "unknown-field.json").write_text(spec.replace('"classes"', '"clases":10,"classes"'))
    (root / "cut.json").write_text(spec[:100])
    (root / "colour.json").write_text(named_spec("wrn-10-1", InputSpec((3, 32, 32)), 10).to_json())
    (root / "notes").mkdir()
    return root


def _write_data(root: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (72, 8, 8), dtype=np.uint8)
    labels = np.arange(72) % 3
    good = {
        "train_images": pixels[:60],
        "train_labels": labels[:60],
        "test_images": pixels[60:],
        "test_labels": labels[60:],
    }
    np.savez(root / "good.npz", **good)
    np.savez(root / "float.npz", **{**good, "train_images": pixels[:60] / 100})
    np.savez(root / "negative.npz", **{**good, "train_labels": labels[:60] - 1})
    np.savez(root / "test-labels.npz", **{**good, "test_labels": labels[60:] + 5})
    np.savez(root / "none.npz", **{**good, "train_images": pixels[:0], "train_labels": labels[:0]})
    (root / "cut.npz").write_bytes((root / "good.npz").read_bytes()[:900])
    (root / "empty.npz").touch()


def _write_entries(root: Path) -> None:
    spec = named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
    write_entry(root / "whole", spec, new_record("whole", spec, dataset="digits"), build(spec, seed=1).state_dict())
    write_entry(root / "bare", spec, new_record("bare", spec))
    for name in ("flipped", "cut", "nan"):
        shutil.copytree(root / "whole", root / name)
    content = (root / "whole" / WEIGHTS).read_bytes()
    (root / "flipped" / WEIGHTS).write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    (root / "cut" / WEIGHTS).write_bytes(content[:1000])
    state = load_file(root / "whole" / WEIGHTS)
    save_file({**state, "classifier.bias": state["classifier.bias"] * float("nan")}, root / "nan" / WEIGHTS)
    _reseal(root / "nan")


def _reseal(folder: Path) -> None:
    """Makes the hashes agree again, so that only the weights themselves can tell."""
    record = read_record(folder)
    hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in record.files}
    (folder / RECORD).write_text(seal(replace(record, files=hashes)).to_json())


CHAIN = {
    "train": "train wrn-10-1 --dataset digits --objective sat --epochs 1 --attack fgsm --to ./mine -v --json",
    "verify": "verify ./mine --json",
    "evaluate": "evaluate ./mine --attack fgsm --samples 32 --track --json",
    "publish": "publish ./mine --name robust-mine --alias best --json",
    "finetune": "finetune digits/fgsm/wrn-10-1/500k --iterations 1 --search-epochs 1 --final-epochs 1 "
    "--subset-samples 1 --workers 1 --policy none --json",
    "list": "list --json",
    "show": "show robust-mine@champion --json",
    "pull": "pull robust-mine --to ./copy --json",
    "verify the copy": "verify ./copy --json",
    "runs": "runs --json",
}


@dataclass(frozen=True)
class Chain:
    """A working directory in which networks were trained, published and pulled, and what each command answered."""

    folder: Path
    answers: dict[str, Result]

    def __getitem__(self, name: str) -> Any:
        return document(self.answers[name])


@pytest.fixture(scope="session")
def chain(tmp_path_factory, new_store) -> Chain:
    folder = tmp_path_factory.mktemp("chain") / "work"
    new_store(folder)
    with pytest.MonkeyPatch.context() as patch:
        forget_mlflow(patch)
        patch.setenv("RCNAS_CACHE", str(folder.parent / "cache"))
        patch.chdir(folder)
        answers = {name: rcnas_zoo(*line.split()) for name, line in CHAIN.items()}
    return Chain(folder, answers)


@pytest.fixture
def there(chain, monkeypatch) -> Path:
    """The working directory of the chain; to be read, not changed."""
    monkeypatch.chdir(chain.folder)
    monkeypatch.setenv("RCNAS_CACHE", str(chain.folder.parent / "cache"))
    return chain.folder


@pytest.fixture
def copied(chain, here) -> Path:
    """A working directory with a copy of the chain's database, without its index."""
    shutil.copy(chain.folder / "mlflow.db", here)
    return here
