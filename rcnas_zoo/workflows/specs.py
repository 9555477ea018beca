"""From what a user types, an architecture's name or a spec file, to a spec that fits a data set."""

from collections.abc import Sequence
from pathlib import Path

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.networks.named import architecture_names, is_named, named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.workflows.entry_of import looks_like_path
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.pull import find_spec

LARGEST_SPEC_FILE = 1_000_000


def spec_for(text: str, dataset: Dataset) -> NetworkSpec:
    """The network that a user names, for the images of a data set.

    Args:
        text: ``wrn-16-2``, ``advrush-7@96``, ``spec.json``, an entry folder, or a zoo name such as ``robust-2m``.
        dataset: its shape and classes are given to a named architecture; a stored spec must have them already.

    Raises:
        InvalidInput: a malformed spec, or one for other images.
        NotFound: no such file, folder or name.
    """
    if names_architecture(text):
        return named_spec(text, InputSpec(dataset.shape), dataset.classes)
    if text.endswith(".json"):
        spec = read_spec(Path(text))
    elif looks_like_path(text):
        spec = read_entry(Path(text)).spec
    else:
        spec = find_spec(ZooName.parse(text))
    check_fits(spec, dataset.shape, dataset.classes)
    return spec


def names_architecture(text: str) -> bool:
    """Whether a text names an architecture; a folder that was pulled under such a name does not hide it."""
    return text in architecture_names() or (is_named(text) and not looks_like_path(text))


def check_fits(spec: NetworkSpec, shape: Sequence[int], classes: int) -> None:
    """Raise InvalidInput unless a network takes images of this shape and tells this many classes apart."""
    if tuple(spec.input.shape) != tuple(shape) or spec.classes != classes:
        raise InvalidInput(
            f"a network for this data set must take images {tuple(shape)} of {classes} classes, "
            f"got {tuple(spec.input.shape)} and {spec.classes}"
        )


def read_spec(path: Path) -> NetworkSpec:
    """The spec in a JSON file, strictly checked."""
    if not path.is_file():
        raise NotFound(f"a spec file must exist, got {str(path)!r}")
    if path.stat().st_size > LARGEST_SPEC_FILE:
        raise InvalidInput(
            f"a spec file must be at most {LARGEST_SPEC_FILE} bytes, got {path.stat().st_size} in {path}"
        )
    try:
        return NetworkSpec.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"a spec file must be UTF-8 text, got {str(path)!r}: {error}") from error
