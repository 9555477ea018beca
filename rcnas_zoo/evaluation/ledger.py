"""What an attack has made of each image so far, in memory or on disk.

On disk a ledger is a folder of parts, each written whole and named by its own sha256: a part that was cut off or
damaged is set aside, and its images are attacked anew.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import Unavailable

SETTINGS = "settings.json"
UNKNOWN = -1
"""In the place of a predicted class: not attacked yet."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """What an attack has made of some images; all tensors on the CPU.

    Attributes:
        numbers: (n,) int64, their places among all images.
        predictions: (n,) int64, the classes that the model sees in what the attack made of them.
        broken: (m,) int64, the places of those that the attack broke.
        examples: (m, C, H, W) float32, what broke these.
        seconds: what it took.
    """

    numbers: Tensor
    predictions: Tensor
    broken: Tensor
    examples: Tensor
    seconds: float

    @classmethod
    def together(cls, parts: "list[Attacked]") -> "Attacked":
        """Several parts as one."""
        names = ("numbers", "predictions", "broken", "examples")
        tensors = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
        return cls(**tensors, seconds=sum(part.seconds for part in parts))


class Ledger:
    """The verdicts of one attack on a fixed set of images, taken down batch by batch.

    Attributes:
        predictions: (N,) int64, the class that the model sees in each attacked image, or `UNKNOWN`.
        seconds: what the attack has taken so far.
        settings: those of an attack that searched first, as it was then run; None for any other.

    Raises:
        Unavailable: the disk refuses.
    """

    def __init__(self, size: int, folder: Path | None = None, keeps_examples: bool = False) -> None:
        self.predictions = torch.full((size,), UNKNOWN)
        self.seconds = 0.0
        self.settings: dict[str, Any] | None = None
        self._folder = folder
        self._keeps_examples = keeps_examples
        for part in self._parts():
            self._add(part)
        if folder is not None:
            self.settings = _read_settings(folder / SETTINGS)

    @property
    def complete(self) -> bool:
        """Whether every image has its verdict."""
        return bool((self.predictions != UNKNOWN).all())

    def record(self, part: Attacked) -> None:
        """Takes down a part; on disk, it stays from now on."""
        if self._folder is not None:
            content = self._content(part)
            self._keep(f"{sha256(content).hexdigest()}.part", content)
        self._add(part)

    def note(self, settings: dict[str, Any]) -> None:
        """Keeps the settings that a search has found."""
        self.settings = settings
        if self._folder is not None:
            self._keep(SETTINGS, canonical_json(settings).encode())

    def missing(self, order: Tensor) -> Tensor:
        """Of the places in an order, those without a verdict."""
        return order[self.predictions[order] == UNKNOWN]

    def examples(self) -> tuple[Tensor, Tensor]:
        """Places (m,) and adversarial images (m, C, H, W) of what was broken and kept on disk; m may be 0."""
        parts = list(self._parts())
        if not parts:
            return torch.zeros(0, dtype=torch.int64), torch.zeros(0)
        whole = Attacked.together(parts)
        return whole.broken, whole.examples

    def _add(self, part: Attacked) -> None:
        self.predictions[part.numbers] = part.predictions
        self.seconds += part.seconds

    def _content(self, part: Attacked) -> bytes:
        examples = part.examples if self._keeps_examples else part.examples[:0]
        tensors = {
            "numbers": part.numbers,
            "predictions": part.predictions,
            "broken": part.broken[: len(examples)],
            "examples": examples,
            "seconds": torch.tensor([part.seconds], dtype=torch.float64),
        }
        return save({name: tensor.contiguous() for name, tensor in tensors.items()})

    def _keep(self, name: str, content: bytes) -> None:
        assert self._folder is not None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._folder / name, content)
        except OSError as error:
            reason = error.strerror or error
            raise Unavailable(
                f"the cache {self._folder} must be writable to keep verdicts: {reason}; set RCNAS_CACHE to another"
            ) from error

    def _parts(self) -> Iterator[Attacked]:
        paths = sorted(self._folder.glob("*.part")) if self._folder is not None else []
        for path in paths:
            part = _read(path, len(self.predictions))
            if part is not None:
                yield part
                continue
            with suppress(FileNotFoundError):  # another process may have been quicker
                path.rename(path.with_suffix(".damaged"))


def _read(path: Path, size: int) -> Attacked | None:
    try:
        content = path.read_bytes()
        tensors = load(content) if sha256(content).hexdigest() == path.stem else {}
        seconds = float(tensors.pop("seconds"))
        part = Attacked(**tensors, seconds=seconds)
    except (OSError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None
    # A part of fewer images cannot be told by its name alone.
    inside = len(part.numbers) == 0 or int(part.numbers.max()) < size
    return part if inside else None


def _read_settings(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


OpenLedger: TypeAlias = Callable[[Attack, int], Ledger]
"""Opens the ledger of an attack on so many images."""


def in_memory(attack: Attack, size: int) -> Ledger:
    """A ledger that ends with the process."""
    return Ledger(size)
