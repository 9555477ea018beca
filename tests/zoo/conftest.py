"""A tiny entry, with weights and without, and the means to damage it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Claim, Measurement, Record
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.zoo.entry import RECORD, read_record
from rcnas_zoo.zoo.seal import seal
from rcnas_zoo.zoo.writing import write_entry


@pytest.fixture(scope="session")
def tiny_spec() -> ResidualSpec:
    return ResidualSpec(InputSpec((1, 8, 8)), 10, (StageSpec(1, 4), StageSpec(2, 6, stride=2)), stem_width=4)


@pytest.fixture(scope="session")
def tiny_measurement() -> Measurement:
    return Measurement(
        dataset="digits",
        split="test",
        data_digest="d" * 64,
        threat="linf@1/5",
        samples=360,
        seed=0,
        clean_accuracy=342 / 360,
        attacks={"pgd-20": 190 / 360, "autoattack": 180 / 360},
        settings={"pgd-20": {"steps": 20}, "autoattack": {"version": "standard"}},
        robust_accuracy=180 / 360,
        interval=(0.4486, 0.5514),
        flags=("few images",),
    )


@pytest.fixture(scope="session")
def tiny_record(tiny_measurement) -> Record:
    return Record(
        name="tiny",
        made_by="the tests",
        licence="MIT",
        created="2026-11-21",
        spec_digest="",
        parameters=1,
        macs=1,
        dataset="digits",
        threat="linf@1/5",
        recipe=TrainingRecipe(threat="linf@1/5", epochs=2),
        claimed=(Claim("arXiv:0000.00000, table 1", "digits", "linf@1/5", {"clean": 0.9, "pgd-20": 0.5}),),
        measured=(tiny_measurement,),
        lineage={"task": "digits/pgd-20/wrn-10-1/100k", "seed": 0, "rates": [1e-05, 0.1]},
    )


@pytest.fixture(scope="session")
def _written(tmp_path_factory, tiny_spec, tiny_record) -> Path:
    folder, state = tmp_path_factory.mktemp("written") / "tiny", build(tiny_spec, seed=3).state_dict()
    return write_entry(folder, tiny_spec, tiny_record, state, receipt=b"a receipt").folder


@pytest.fixture(scope="session")
def entry_files(_written) -> dict[str, bytes]:
    """File name to content of an intact entry."""
    return {path.name: path.read_bytes() for path in _written.iterdir()}


@pytest.fixture
def entry_folder(tmp_path, _written) -> Path:
    """A copy of an intact entry with weights."""
    return Path(shutil.copytree(_written, tmp_path / "tiny"))


@pytest.fixture
def architecture_folder(tmp_path, tiny_spec, tiny_record) -> Path:
    """An architecture alone."""
    bare = replace(tiny_record, name="bare", recipe=None, measured=(), dataset="", threat="")
    return write_entry(tmp_path / "bare", tiny_spec, bare).folder


@pytest.fixture(scope="session")
def reseal() -> Callable[..., None]:
    """Makes hashes and seal agree with a folder again, as one would who forges an entry on purpose."""

    def forge(folder: Path, **changes: object) -> None:
        record = read_record(folder)
        hashes = {name: sha256((folder / name).read_bytes()).hexdigest() for name in record.files if name != RECORD}
        (folder / RECORD).write_text(seal(replace(record, **{"files": hashes, **changes})).to_json())

    return forge
