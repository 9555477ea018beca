"""What is measured: an entry of the zoo, or a network of the user's own."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from rcnas_zoo.candidates.verdicts import weights_digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.entry_of import entry_of
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.own_model import file_of, names_function, own_model
from rcnas_zoo.zoo.entry import Entry
from rcnas_zoo.zoo.loading import load_model


@dataclass(frozen=True, eq=False)
class Subject:
    """A network to be measured.

    Attributes:
        text: what the user typed: a zoo name, an entry folder or ``FILE.py:FUNCTION``.
        network: the network, in eval mode on its device.
        entry: its entry, or None for a network of the user's own.
        identity: what tells it from any other, plain JSON data.
    """

    text: str
    network: nn.Module
    entry: Entry | None
    identity: dict[str, Any]

    @property
    def dataset(self) -> str:
        """The data set it was trained for, or an empty text."""
        return self.entry.record.dataset if self.entry else ""

    @property
    def value_range(self) -> tuple[float, float]:
        """Lowest and highest pixel value of its images."""
        return (self.entry.spec.input.low, self.entry.spec.input.high) if self.entry else (0.0, 1.0)

    def data_set(self, asked: str | None) -> str:
        """The data set asked for, else the one it was trained for.

        Raises:
            InvalidInput: there is neither.
        """
        name = asked or self.dataset
        if not name:
            raise InvalidInput(
                f"a data set must be given for {self.text!r}, of which no record names one; add --dataset"
            )
        return name


def find_subject(text: str, machine: Machine) -> Subject:
    """The network that a text means.

    Raises:
        InvalidInput: a malformed text, or the user's function fails.
        NotFound: no such entry, weights or file.
        IntegrityError: the entry is damaged.
    """
    device = machine.device_name()
    if names_function(text):
        network = own_model(text, device)
        code = sha256(Path(file_of(text)).read_bytes()).hexdigest()
        weights = weights_digest(network.state_dict())
        return Subject(text, network, None, {"function": text, "code": code, "weights": weights})
    if text.endswith(".py"):
        raise InvalidInput(f"a network of your own must be written FILE.py:FUNCTION, got {text!r}")
    entry = entry_of(text, machine)
    network = load_model(entry, device)
    weights = weights_digest(network.state_dict())
    return Subject(text, network, entry, {"spec": entry.spec.digest, "weights": weights})
