"""Who follows a study, such as a tracking store: is told of each trial by the process that works at it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rcnas_zoo.baselines.studies.records import TrialRecord
from rcnas_zoo.spec.observer import Observer, ProgressOnly


class TrialWatch(Protocol):
    """Follows one trial."""

    @property
    def observer(self) -> Observer:
        """Whom the trial's work tells of itself."""

    def ended(self, record: TrialRecord) -> None:
        """What came of the trial. It is not yet in the study's storage: if the process dies now, it is told again."""


class StudyWatch(Protocol):
    """Follows the trials of a study; an error of its own ends the worker and leaves the trial to be taken over."""

    def trial(self, number: int) -> AbstractContextManager[TrialWatch]:
        """Around the work at a trial, also one that another process had begun."""


class Onlooker:
    """Passes the progress and warnings of trials on, and keeps nothing."""

    def __init__(self, observer: Observer) -> None:
        self.observer: Observer = ProgressOnly(observer)

    @contextmanager
    def trial(self, number: int) -> Iterator["Onlooker"]:
        """See `StudyWatch.trial`."""
        yield self

    def ended(self, record: TrialRecord) -> None:
        """See `TrialWatch.ended`."""
