"""Writing a policy: a complete, checked folder or nothing at all."""

from collections.abc import Mapping
from dataclasses import replace as changed
from hashlib import sha256
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.zoo.files import new_folder
from rcnas_zoo.zoo.loading import check_finite, read_tensors
from rcnas_zoo.zoo.policy import CONFIG, POLICY_FILES, TENSORS, PolicyConfig, PolicyEntry, read_policy
from rcnas_zoo.zoo.writing import check_target

NEEDED = ("encoder", "policy")
"""What every policy has tensors of; others may stand beside them and are kept as they are."""


def write_policy(
    folder: Path | str, config: PolicyConfig, tensors: Mapping[str, Tensor], *, replace: bool = False
) -> PolicyEntry:
    """Writes a policy; it appears under its name only when every file is on the disk and read back.

    Args:
        folder: where; it must be absent or empty, unless a policy there may be replaced.
        config: what to say of it; its hashes are filled in here.
        tensors: ``encoder.*``, ``policy.*``, and any others.
        replace: whether a policy in the folder may be replaced; other folders never are.

    Raises:
        InvalidInput: a folder that may not be replaced.
        IntegrityError: tensors that are missing or not finite.
        Unavailable: the disk refuses; nothing is left behind.
    """
    target = Path(folder)
    check_target(target, replace=replace, files=POLICY_FILES, head=CONFIG)
    contents = policy_contents(config, tensors)
    with new_folder(target) as temporary:
        for name, content in contents.items():
            write_file(temporary / name, content)
        entry = read_policy(temporary)
    return changed(entry, folder=target)


def policy_contents(config: PolicyConfig, tensors: Mapping[str, Tensor]) -> dict[str, bytes]:
    """File name to content of a policy. Raises IntegrityError as `write_policy`."""
    check_tensors(tensors)
    # Copies, for safetensors refuses tensors that share memory.
    copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    content = save(copies, metadata={"format": "pt"})
    sealed = changed(config, files={TENSORS: sha256(content).hexdigest()}).sealed()
    return {TENSORS: content, CONFIG: sealed}


def check_tensors(tensors: Mapping[str, Tensor]) -> None:
    """Every number is finite, and there are some of the encoder and some of the policy.

    Raises:
        IntegrityError: they are not.
    """
    found = {name.partition(".")[0] for name in tensors}
    for part in NEEDED:
        if part not in found:
            raise IntegrityError(
                f"{TENSORS} must hold tensors named {part}.*, got {', '.join(sorted(found)) or 'none'}"
            )
    check_finite(tensors)


def read_policy_tensors(entry: PolicyEntry) -> dict[str, Tensor]:
    """The tensors of a policy, on the CPU.

    Raises:
        NotFound, IntegrityError: they are absent or damaged, missing or not finite.
    """
    tensors = read_tensors(entry.folder / TENSORS)
    check_tensors(tensors)
    return tensors
