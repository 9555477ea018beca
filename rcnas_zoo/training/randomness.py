"""Random numbers as a function of what they are for, so that a training can go on anywhere and be shared out."""

from hashlib import sha256

import torch


def stream(seed: int, purpose: str, number: int, device: torch.device) -> torch.Generator:
    """The generator of one purpose and number (an epoch, an update) of a training; the same for equal arguments."""
    digest = sha256(f"{seed}/{purpose}/{number}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)
