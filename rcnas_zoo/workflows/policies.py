"""Policies on disk: safetensors beside the agent's settings, logged with the run that made them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.tracking.runs import TrackedRun

WEIGHTS, SETTINGS = "policy.safetensors", "settings.json"


def log_policy(run: TrackedRun, state: Mapping[str, Tensor], settings: RcnasSettings) -> None:
    """Keep an agent's tensors and settings under ``policy/`` of a run."""
    run.artifact(f"policy/{WEIGHTS}", save({name: tensor.contiguous() for name, tensor in state.items()}))
    run.artifact(f"policy/{SETTINGS}", json.dumps(asdict(settings), indent=2, sort_keys=True))


def load_policy(folder: str) -> dict[str, Tensor]:
    """The tensors of a policy in a folder that a run logged.

    Raises:
        NotFound: the folder has no policy.
        IntegrityError: the file is damaged.
    """
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise NotFound(f"a policy must be 'none' or a folder with {WEIGHTS}, got {folder!r}")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise IntegrityError(f"the policy {path} must be a safetensors file, it is damaged: {error}") from error
