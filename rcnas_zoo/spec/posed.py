"""Tasks with the threat that they are posed under, and files that list them, one a line."""

import re
from dataclasses import dataclass

from rcnas_zoo.spec.dataset import default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

# The name of a data set may hold a '#', such as npz:/data/#1.npz; a comment has a space or nothing before it.
_COMMENT = re.compile(r"(?:^|\s)#.*")
# A data set may also hold spaces and an '@', but what follows it has three slashes, and a threat has at most one.
_THREAT = re.compile(r"\s+([^\s/]*@[^\s/]*(?:/[^\s/]*)?)$")


@dataclass(frozen=True)
class PosedTask:
    """A task and the threat to withstand, written ``digits/pgd-20/wrn-16-2/2m linf@1/5``."""

    task: Task
    threat: ThreatModel

    @classmethod
    def parse(cls, text: str) -> "PosedTask":
        """The task in a text; a threat that is not said is the data set's default.

        Raises:
            InvalidInput: not a task, or not a threat after it.
        """
        said = _THREAT.search(text.rstrip())
        task = Task.parse(text.rstrip()[: said.start()] if said else text)
        return cls(task, ThreatModel.parse(said[1]) if said else default_threat(task.dataset))

    def __str__(self) -> str:
        return f"{self.task} {self.threat}"


def parse_tasks(text: str) -> tuple[PosedTask, ...]:
    """The tasks of a file: one a line; empty lines, and what follows a ``#``, count as nothing.

    A task that stands twice is drawn twice as often.

    Raises:
        InvalidInput: a line is no task (the message tells its number), or there is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if said := _COMMENT.sub("", line, count=1).strip():
            try:
                found.append(PosedTask.parse(said))
            except InvalidInput as error:
                raise InvalidInput(f"line {number}: {error}") from error
    if not found:
        raise InvalidInput(
            "a tasks file must hold at least one task, such as digits/pgd-20/wrn-16-2/2m linf@1/5, got none"
        )
    return tuple(found)
