"""From the word after ``--device`` to a torch device."""

import re
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import Unavailable, unknown_choice

if TYPE_CHECKING:
    import torch

_CUDA = re.compile(r"cuda(?::(\d{1,3}))?")


def pick_device(name: str) -> "torch.device":
    """The device of ``auto`` (the first CUDA device if there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:n``.

    Raises:
        InvalidInput: another word.
        Unavailable: a CUDA device that this machine does not have.
    """
    import torch

    cuda = _CUDA.fullmatch(name)
    if cuda is None and name not in ("auto", "cpu"):
        raise unknown_choice("a device", name, ["auto", "cpu", "cuda", "cuda:0"])
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if cuda is None:
        return torch.device("cuda:0" if name == "auto" and count else "cpu")
    index = int(cuda[1] or 0)
    if index >= count:
        raise Unavailable(f"the device {name} must answer, but this machine has {count} CUDA devices; use cpu or auto")
    return torch.device("cuda", index)
