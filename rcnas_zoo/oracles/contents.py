"""What a table consists of when it is stored: named tensors, and plain JSON data for everything else."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.oracles.table import Table, TableTeacher, is_column
from rcnas_zoo.spec.canonical import (
    check_fields,
    check_integer,
    check_list,
    check_mapping,
    check_number,
    check_present,
    check_text,
)
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec

FORMAT = 1
_FIELDS = ("format", "name", "dataset", "grid", "samples", "teachers", "provenance")
_STARTS = ("accuracy/", "margin/", "verdicts/", "images/")


def tensors_of(table: Table) -> dict[str, Tensor]:
    """The columns by their names, contiguous; verdicts are packed, eight images a byte."""
    columns = {
        "stages": table.stages.to(torch.int16),
        **{f"accuracy/{key}": values.double() for key, values in table.accuracy.items()},
        **{f"margin/{key}": values.float() for key, values in table.margins.items()},
        **{f"verdicts/{key}": _packed(values) for key, values in table.verdicts.items()},
        **{f"images/{key}": torch.tensor(values.shape[1]) for key, values in table.verdicts.items()},
    }
    # Columns may be views of one matrix, which safetensors refuses.
    return {name: columns[name].clone(memory_format=torch.contiguous_format) for name in sorted(columns)}


def facts_of(table: Table) -> dict[str, Any]:
    """Everything but the tensors, as plain JSON data."""
    teachers = {
        name: {"spec": t.spec.to_dict(), "accuracy": dict(t.accuracy), "lips": {k: list(v) for k, v in t.lips.items()}}
        for name, t in table.teachers.items()
    }
    return {
        "format": FORMAT,
        "name": table.name,
        "dataset": table.dataset,
        "grid": table.grid.to_dict(),
        "samples": dict(table.samples),
        "teachers": teachers,
        "provenance": dict(table.provenance),
    }


def table_of(tensors: Mapping[str, Tensor], facts: object) -> Table:
    """The table of what `tensors_of` and `facts_of` gave.

    Raises:
        InvalidInput: another format, a tensor or a field that is missing or unknown, no networks, a number outside its
            range, or parts that do not fit one another.
    """
    found = check_fields(facts, "the header of an oracle", _FIELDS)
    if found["format"] != FORMAT:
        raise InvalidInput(f"an oracle must have format {FORMAT}, got {found['format']!r}; upgrade rcnas-zoo")
    grid = _residual(found["grid"])
    stages = _required(tensors, "stages")
    rows = check_integer("the networks of an oracle", len(stages) if stages.dim() else 0, 1)
    _check(stages, "stages", (rows, len(grid.stages), 4), torch.int16)
    _check_within(stages[..., 3], "robust bits", 0)
    accuracy = _columns("accuracy/", tensors, rows, torch.float64, 0)
    _check_names(tensors, accuracy)
    samples = check_present(found["samples"], "the samples of an oracle", accuracy)
    teachers = check_mapping("the teachers of an oracle", found["teachers"])
    return Table(
        name=check_text("the name of an oracle", found["name"]),
        dataset=check_text("the data set of an oracle", found["dataset"]),
        grid=grid,
        stages=stages.long(),
        accuracy=accuracy,
        samples={key: check_integer("the samples of an oracle", count, 1) for key, count in samples.items()},
        margins=_columns("margin/", tensors, rows, torch.float32, -1),
        teachers={name: _teacher(teacher) for name, teacher in teachers.items()},
        verdicts=_verdicts(tensors, rows),
        provenance=check_mapping("the provenance of an oracle", found["provenance"]),
    )


def _teacher(data: object) -> TableTeacher:
    what = "a teacher of an oracle"
    found = check_fields(data, what, ("spec", "accuracy", "lips"))
    accuracy = check_mapping(f"the accuracy of {what}", found["accuracy"])
    lips = check_mapping(f"the Lipschitz statistics of {what}", found["lips"])
    return TableTeacher(
        spec=_residual(found["spec"]),
        accuracy={key: check_number(f"the accuracy of {what}", value, 0, 1) for key, value in accuracy.items()},
        lips={key: _numbers(f"the Lipschitz statistics of {what}", values) for key, values in lips.items()},
    )


def _numbers(what: str, values: object) -> tuple[float, ...]:
    return tuple(check_number(what, value, -1e9) for value in check_list(what, values, 7))


def _residual(data: object) -> ResidualSpec:
    spec = NetworkSpec.from_dict(data)
    if not isinstance(spec, ResidualSpec):
        raise InvalidInput(f"a network of an oracle must be of kind 'residual', got {spec.kind!r}")
    return spec


def _check_names(tensors: Mapping[str, Tensor], accuracy: Mapping[str, Tensor]) -> None:
    """No tensor that means nothing, and no column that no attack has."""
    for name in tensors:
        if name != "stages" and not name.startswith(_STARTS):
            known = ", ".join(f"{start}*" for start in _STARTS)
            raise InvalidInput(f"a tensor of an oracle must be stages or one of {known}, got {shortened(name)}")
    for name in accuracy:
        if not is_column(name):
            raise InvalidInput(
                f"a column of an oracle must be clean, or attack and threat as in pgd-20 linf@1/5, got "
                f"{shortened(name)}"
            )


def _columns(start: str, tensors: Mapping[str, Tensor], rows: int, dtype: torch.dtype, low: float) -> dict[str, Tensor]:
    """The columns of a kind; their numbers lie in [low, 1] or are NaN."""
    found = {name.removeprefix(start): values for name, values in tensors.items() if name.startswith(start)}
    for key, values in found.items():
        _check(values, start + key, (rows,), dtype)
        _check_within(values, start + key, low)
    return found


def _verdicts(tensors: Mapping[str, Tensor], rows: int) -> dict[str, Tensor]:
    start, verdicts = "verdicts/", {}
    for name in (name for name in tensors if name.startswith(start)):
        key = name.removeprefix(start)
        count = _required(tensors, f"images/{key}")
        _check(count, f"images/{key}", (), torch.int64)
        images = check_integer(f"the images of {key!r} in an oracle", int(count), 0)
        _check(tensors[name], name, (rows, (images + 7) // 8), torch.uint8)
        verdicts[key] = _bits(tensors[name], images)
    return verdicts


def _required(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in tensors:
        raise InvalidInput(f"an oracle must hold the tensor {name!r}, got {', '.join(sorted(tensors)) or 'none'}")
    return tensors[name]


def _check(tensor: Tensor, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(tensor.shape) != shape or tensor.dtype != dtype:
        raise InvalidInput(
            f"the tensor {name!r} of an oracle must be {dtype} of shape {list(shape)}, got {tensor.dtype} of "
            f"{list(tensor.shape)}"
        )


def _check_within(tensor: Tensor, name: str, low: float) -> None:
    outside = tensor[(tensor < low) | (tensor > 1)]
    if len(outside):
        raise InvalidInput(f"the numbers of {name!r} in an oracle must be in [{low}, 1], got {outside[0].item()}")


def _packed(verdicts: Tensor) -> Tensor:
    import numpy as np

    return torch.from_numpy(np.packbits(verdicts.numpy(), axis=1))


def _bits(packed: Tensor, images: int) -> Tensor:
    import numpy as np

    return torch.from_numpy(np.unpackbits(packed.numpy(), axis=1, count=images).astype(bool))
