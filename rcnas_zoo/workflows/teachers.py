"""The network to compress: the Wide ResNet that the task names, or one that the user brings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.entry_of import entry_of
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.specs import check_fits
from rcnas_zoo.zoo.entry import WEIGHTS, Entry


@dataclass(frozen=True)
class Teacher:
    """The network to compress.

    Attributes:
        name: of the architecture, or of the entry that the user brings.
        spec: its architecture.
        entry: the entry that the user brings; None if the teacher is to be trained.
    """

    name: str
    spec: ResidualSpec
    entry: Entry | None = None

    @property
    def weights(self) -> Path | None:
        """Folder of the entry whose weights the teacher has; None if it is to be trained."""
        return self.entry.folder if self.entry else None

    def lineage(self) -> dict[str, str]:
        """What the record of a compressed network says of its teacher."""
        facts = {"name": self.name, "spec_digest": self.spec.digest}
        return {**facts, "weights_sha256": self.entry.record.files[WEIGHTS]} if self.entry else facts


def find_teacher(task: Task, weights: str | None, shape: Sequence[int], classes: int, machine: Machine) -> Teacher:
    """The teacher of a task; with ``weights``, the task's own teacher is a mere label.

    Args:
        task: its teacher is taken if the user brings none.
        weights: a zoo name or entry folder that the user brings.
        shape: (C, H, W) of the data set's images.
        classes: the data set's classes.
        machine: whose cache a registered entry is kept in.

    Raises:
        InvalidInput: the entry's kind, input shape or classes do not fit the data set.
        NotFound: no such entry, or it has no weights.
        IntegrityError: the entry is damaged.
    """
    if not weights:
        channels, height, width = shape
        return Teacher(str(task.teacher), teacher_spec(task.teacher, InputSpec((channels, height, width)), classes))
    entry = entry_of(weights, machine)
    if not isinstance(entry.spec, ResidualSpec):
        raise InvalidInput(f"a teacher must be a residual network, got kind {entry.spec.kind!r} in {entry.folder}")
    check_fits(entry.spec, shape, classes)
    return Teacher(entry.record.name, entry.spec, entry)
