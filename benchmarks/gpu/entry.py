"""From what came back to a zoo entry: parts joined, record and receipt written. Needs the whole package."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.gpu.weights import join
from rcnas_zoo.spec.canonical import parse_object
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.zoo.files import read_limited

TEXT_LIMIT = 16 << 20
RECEIPT_LIMIT = 200 << 20


def run_join(arguments: Namespace) -> int:
    """The command ``join``: the weights as one safetensors file in float32."""
    from safetensors.torch import save

    from rcnas_zoo.zoo.files import replace_file

    _, state = join(arguments.parts_folder)
    replace_file(arguments.to, save(state, metadata={"format": "pt"}))
    print(arguments.to)
    return 0


def run(arguments: Namespace) -> int:
    """The command ``entry``."""
    from rcnas_zoo.workflows.records import new_record
    from rcnas_zoo.zoo.writing import write_entry

    folder = arguments.parts_folder
    spec, state = join(folder)
    training, evaluation = _read(folder, "training.json"), _read(folder, "evaluation.json")
    if not evaluation["complete"]:
        raise InvalidInput(f"an entry must be measured to the end, {folder} is not; give the command evaluate again")
    receipt = folder / "receipt.safetensors"
    made = new_record(
        arguments.to.name,
        spec,
        dataset=training["dataset"],
        recipe=TrainingRecipe.from_dict(training["recipe"]),
        measured=(Measurement.from_dict(evaluation["measurement"]),),
        lineage=lineage(training, evaluation),
        licence=arguments.licence,
    )
    proof = read_limited(receipt, RECEIPT_LIMIT) if receipt.is_file() else b""
    record = replace(made, weights_dtype=arguments.weights_dtype, weights_url=arguments.weights_url)
    print(write_entry(arguments.to, spec, record, state, receipt=proof, replace=arguments.replace).folder)
    return 0


def lineage(training: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any]:
    """Where the network comes from, as a record says it."""
    names = ("seed", "device", "versions", "seconds")
    return {
        "method": "adversarial training of a given network",
        "architecture": training["asked"]["network"],
        "epoch": training["best_epoch"],
        **training["engine"],
        **{name: training[name] for name in names},
        "measured_on": evaluation["device"],
        "measured_seconds": evaluation["seconds"],
        "weights": "rounded to float16 after the training, and measured so",
    }


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        raise NotFound(f"{name} must lie beside the parts, got none in {folder}; bring back what collect copied")
    return parse_object(read_limited(path, TEXT_LIMIT).decode(errors="replace"), name)
