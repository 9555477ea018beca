"""Policies on disk: the search agent's tensors, and a sealed ``policy.json`` that says what they are.

To the zoo they are tensors and plain data; what an agent makes of them is a matter of `rcnas_zoo.search`. Nothing here
imports torch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rcnas_zoo.spec.canonical import (
    as_object,
    canonical_json,
    check_fields,
    check_integer,
    check_list,
    check_text,
)
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.zoo.entry import TEXT_LIMIT, check_listed, own_file
from rcnas_zoo.zoo.files import read_limited, readable
from rcnas_zoo.zoo.seal import open_data, seal_data

CONFIG, TENSORS = "policy.json", "policy.safetensors"
POLICY_FILES = (CONFIG, TENSORS)
FORMAT, KIND = 1, "policy"
POLICY_NAME = "rcnas-policy"
"""The zoo name of policies; names that begin with it and a hyphen are policies too, and no network may have one."""
HOW_TO_GET = "rcnas-zoo meta-train"


@dataclass(frozen=True)
class PolicyConfig:
    """What a policy says of itself.

    Attributes:
        agent: the settings of the agent, plain JSON data.
        stages: stages of the teachers it was trained for.
        tasks: every task it has seen, with its threat: ``digits/pgd-20/wrn-16-2/2m linf@1/5``.
        lineage: where it comes from, such as run id, seed and iterations; plain JSON data.
        files: name to sha256 of every file of the folder, its own seal among them; filled in when it is written.

    Raises:
        InvalidInput: a value of another kind.
    """

    agent: Mapping[str, Any]
    stages: int
    tasks: tuple[str, ...]
    lineage: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        as_object(self.agent, "the agent of a policy")
        as_object(self.lineage, "the lineage of a policy")
        check_integer("the stages of a policy", self.stages, 1, 1000)
        for task in self.tasks:
            PosedTask.parse(check_text("a task of a policy", task))
        for name, sha256 in as_object(self.files, "the files of a policy").items():
            check_text(f"the sha256 of {name}", sha256)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"format": FORMAT, "kind": KIND, **asdict(self), "tasks": list(self.tasks)}

    @classmethod
    def from_dict(cls, data: object) -> "PolicyConfig":
        """The config in plain JSON data, strictly checked."""
        names = ("agent", "stages", "tasks", "lineage", "files")
        found = check_fields(data, CONFIG, ("format", "kind", *names))
        check_integer(f"the format of {CONFIG}", found["format"], FORMAT, FORMAT)
        if found["kind"] != KIND:
            raise InvalidInput(f"the kind of {CONFIG} must be {KIND!r}, got {found['kind']!r}")
        tasks = tuple(check_list("the tasks of a policy", found["tasks"]))
        return cls(**{**{name: found[name] for name in names}, "tasks": tasks})

    def sealed(self) -> bytes:
        """The content of ``policy.json``."""
        return canonical_json(seal_data(self.to_dict(), CONFIG)).encode()


@dataclass(frozen=True)
class PolicyEntry:
    """A policy whose files match its ``policy.json``."""

    folder: Path
    config: PolicyConfig


def is_policy_name(name: str) -> bool:
    """Whether a zoo name, without alias or version, means a policy."""
    return name == POLICY_NAME or name.startswith(f"{POLICY_NAME}-")


def is_policy_folder(folder: Path) -> bool:
    """Whether a folder looks like a policy."""
    return (folder / CONFIG).is_file()


def names_policy(text: str) -> bool:
    """Whether what a user types means a policy: a folder with one, or a name that policies have."""
    return is_policy_folder(Path(text)) or is_policy_name(text.partition("@")[0].partition(":")[0])


def read_policy(folder: Path | str) -> PolicyEntry:
    """The policy in a folder, every hash checked; its tensors are not opened.

    Raises:
        NotFound: no such folder, or no policy in it.
        InvalidInput: ``policy.json`` says something that this version does not know.
        IntegrityError: the files are damaged.
    """
    path = Path(folder)
    config = read_config(path)
    if not (path / TENSORS).exists():
        raise NotFound(f"{TENSORS} must be in {str(folder)!r}, but it is absent; pull the policy again")
    check_listed(path, config.files, CONFIG)
    return PolicyEntry(path, config)


def read_config(folder: Path) -> PolicyConfig:
    """The ``policy.json`` of a folder; it must match its own seal, the other files are not looked at."""
    with readable(folder):
        if not is_policy_folder(folder):
            raise NotFound(f"a policy must be a folder with a {CONFIG}, got {str(folder)!r}; make one: {HOW_TO_GET}")
    config = PolicyConfig.from_dict(open_data(read_limited(own_file(folder, CONFIG), TEXT_LIMIT), CONFIG))
    if set(config.files) != set(POLICY_FILES):
        raise IntegrityError(f"{CONFIG} must list {' and '.join(POLICY_FILES)}, got {sorted(config.files)}")
    return config
