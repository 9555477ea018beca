"""What is done so far, copied out of a state folder to where it comes back from."""

import shutil
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path

from benchmarks.gpu.chunks import read_manifest
from benchmarks.gpu.weights import FOLDER, NAME, kept
from rcnas_zoo.spec.errors import InvalidInput, NotFound

FILES = ("training.json", "evaluation.json", "receipt.safetensors")


def run(arguments: Namespace) -> int:
    """The command."""
    print(collect(arguments.state, arguments.out, arguments.parts))
    return 0


def collect(state: Path, out: Path, numbers: Collection[int] = ()) -> str:
    """Copies manifest, parts and reports; in words, what was copied.

    Args:
        state: of a training that is done.
        out: where to.
        numbers: of the parts, from 1; none for all.

    Raises:
        NotFound: the training is not done.
        InvalidInput: there is no part of a number.
    """
    if not kept(state):
        raise NotFound(f"the training in {state} must be done, but it is not; give the command that began it again")
    manifest = read_manifest(state / FOLDER, NAME)
    all_numbers = range(1, len(manifest.parts) + 1)
    if strange := sorted(set(numbers) - set(all_numbers)):
        raise InvalidInput(f"a part must be 1 to {len(all_numbers)}, got {strange[0]}")
    names = [f"{NAME}.json", *(manifest.part(number) for number in numbers or all_numbers)]
    found = [state / FOLDER / name for name in names] + [state / name for name in FILES if (state / name).is_file()]
    out.mkdir(parents=True, exist_ok=True)
    for path in found:
        shutil.copyfile(path, out / path.name)
    size = sum(path.stat().st_size for path in found)
    return f"{len(found)} files of {size:,} bytes in {out}, {len(all_numbers)} parts in all"
