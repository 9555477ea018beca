"""Jobs that report, in a module that every process can import."""

import os

from rcnas_zoo.spec.observer import Observer


def tell_everything(job: str, observer: Observer) -> int:
    """Makes each call of the protocol once, and returns where it ran."""
    observer.progress(job, 1, 2, "half")
    observer.epoch(1, 2, {"loss": 0.5})
    observer.metric("reward", 0.25, 3)
    observer.artifact(f"{job}.json", b"{}")
    observer.warning(f"{job} is tired")
    observer.progress(job, 2, 2)
    return os.getpid()


def told_by(job: str) -> list[tuple[str, tuple[object, ...]]]:
    """What `tell_everything` tells, as names of methods and their arguments."""
    return [
        ("progress", (job, 1, 2, "half")),
        ("epoch", (1, 2, {"loss": 0.5})),
        ("metric", ("reward", 0.25, 3)),
        ("artifact", (f"{job}.json", b"{}")),
        ("warning", (f"{job} is tired",)),
        ("progress", (job, 2, 2, "")),
    ]


def tell_and_fail(job: str, observer: Observer) -> None:
    """Says one thing and raises."""
    observer.warning(job)
    raise ValueError(job)


class Diary:
    """Writes down every call that is made on it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []

    def __getattr__(self, method: str):
        return lambda *arguments: self.calls.append((method, arguments))
