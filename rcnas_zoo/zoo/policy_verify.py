"""Verifying a policy: every check by name, and all of them, however many fail."""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from rcnas_zoo.zoo.entry import check_listed
from rcnas_zoo.zoo.loading import read_tensors
from rcnas_zoo.zoo.policy import CONFIG, TENSORS, PolicyConfig, read_config
from rcnas_zoo.zoo.policy_writing import check_tensors
from rcnas_zoo.zoo.verify import Checks, VerifyReport


def verify_policy(folder: Path, load: Callable[[PolicyConfig, Mapping[str, Tensor]], object]) -> VerifyReport:
    """Runs every check on the policy in a folder.

    Args:
        folder: where it lies.
        load: makes an agent of it, or raises; the zoo knows nothing of agents.
    """
    checks = Checks()
    config = checks.run("config", read_config, folder)
    checks.run("hashes", _check_hashes, folder, config)
    tensors = checks.run("tensors file", read_tensors, folder / TENSORS)
    checks.run("finite tensors", check_tensors, tensors)
    checks.run("agent", load, config, tensors)
    return VerifyReport(tuple(checks.done))


def _check_hashes(folder: Path, config: PolicyConfig) -> None:
    check_listed(folder, config.files, CONFIG)
