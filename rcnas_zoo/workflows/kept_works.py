"""What came of making a row, kept under all that was asked for, so that it is shown the next time."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from rcnas_zoo.candidates import training, verdicts
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.spec.canonical import (
    canonical_json,
    check_integer,
    check_list,
    check_number,
    check_text,
    dataclass_fields,
    digest,
    parse_object,
)
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.scales import Asked
from rcnas_zoo.workflows.works import Work

KIND = "reproductions"
FORMAT = 2
"""Of the file; another one is another key."""
_FILE = "made.json"


@dataclass(frozen=True)
class Made:
    """What came of a work.

    Attributes:
        digest, parameters, macs: of the network.
        measured: on test images, one for each threat.
        search_seconds: wall time of the search; 0 if nothing was searched.
        seconds: wall time of everything. What was in the caches took none.
        run_id: the MLflow run.
        policy: digest of what a search started from; empty for none.

    Raises:
        InvalidInput: a value outside its range.
    """

    digest: str
    parameters: int
    macs: int
    measured: tuple[Measurement, ...]
    search_seconds: float
    seconds: float
    run_id: str
    policy: str = ""

    def __post_init__(self) -> None:
        check_text("the digest of what was made", self.digest)
        check_text("the run of what was made", self.run_id)
        check_text("the policy of what was made", self.policy)
        check_integer("the parameters of what was made", self.parameters, 1)
        check_integer("the MACs of what was made", self.macs, 1)
        check_number("the seconds of a search", self.search_seconds, 0)
        check_number("the seconds of a reproduction", self.seconds, 0)
        if not self.measured:
            raise InvalidInput("what was made must be measured under at least one threat, got none")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> "Made":
        """What plain JSON data say, strictly checked."""
        fields = dataclass_fields(cls, data, "what was made")
        measured = check_list("what was measured", fields["measured"])
        return cls(**{**fields, "measured": tuple(map(Measurement.from_dict, measured))})


def work_key(work: Work, asked: Asked, machine: Machine) -> str:
    """Digest of what is made and how it is measured; tables that ask the same of the same share the answer.

    Which policy a search starts from is not looked up for this: what was made says it.
    """
    question = [[str(threat) for threat in asked.threats], list(asked.attacks), asked.samples]
    kind = machine.device_name().partition(":")[0]
    engines = [training.ENGINE_VERSION, verdicts.ENGINE_VERSION, torch.__version__, kind]
    return digest(["reproduction", FORMAT, engines, work.to_dict(), question])


def kept(work: Work, asked: Asked, machine: Machine) -> Made | None:
    """What came last of a work on this machine; None if it was not made, or its file is damaged and set aside."""
    files = ContentCache(machine.cache).get(KIND, work_key(work, asked, machine))
    if files is None:
        return None
    return Made.from_dict(parse_object(files[_FILE].decode(), "what was made"))


def keep(work: Work, asked: Asked, machine: Machine, made: Made) -> None:
    """Keep what came of a work, in place of what came of it before.

    Raises:
        Unavailable: the disk is full or read-only.
    """
    cache, key = ContentCache(machine.cache), work_key(work, asked, machine)
    cache.drop(KIND, key)
    cache.put(KIND, key, {_FILE: canonical_json(made.to_dict()).encode()})
