"""Working at a study until it is finished, beside any number of other processes that do the same."""

import time

from rcnas_zoo.baselines.studies.attempt import Attempt
from rcnas_zoo.baselines.studies.book import Book, Claim
from rcnas_zoo.baselines.studies.opening import opened_book
from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.records import StudyResult
from rcnas_zoo.baselines.studies.trial import TrialFunction
from rcnas_zoo.baselines.studies.watch import Onlooker, StudyWatch
from rcnas_zoo.spec.observer import Observer, Silent

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0
"""Seconds between two looks for a trial while other processes work at those that are left."""

_SILENT = Silent()


def work(
    plan: StudyPlan, function: TrialFunction, observer: Observer = _SILENT, watch: StudyWatch | None = None
) -> StudyResult:
    """Work at a study until all its trials have ended, here or in other processes; a finished one is only read.

    Each trial runs in one process. If that is killed, or an error other than `TrialFailed` ends it, the trial keeps its
    number and settings and the next process that looks for work runs it anew. So a trial function may be begun more
    than once, but it is only begun again if its end was not kept.

    Args:
        plan: the study.
        function: what a trial does. The same context must come to the same answer, or nothing else can be said of the
            study than that it is finished.
        observer: is told of the study's progress, and of the progress and warnings of its trials.
        watch: follows each trial; None for nobody.

    Raises:
        IntegrityError: the storage is damaged, or holds a study of this name that follows another plan.
        InvalidInput: the function answers something else than a score, or asks for one parameter in two ways.
        Unavailable: the storage cannot be used.
        Exception: whatever else the function raises; the study goes on from there when it is worked at again.
    """
    pause, follower = FIRST_PAUSE, watch or Onlooker(observer)
    with opened_book(plan) as book:
        while True:
            with book.claim() as claim:
                if claim is not None:
                    _run(book, claim, function, follower)
                    pause = FIRST_PAUSE
            observer.progress(plan.name, book.ended, plan.trials)
            if (result := book.result()) is not None:
                return result
            if claim is None:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)


def finished(plan: StudyPlan) -> StudyResult | None:
    """What came of a study, or None if it is not finished; nothing is run.

    Raises:
        IntegrityError, Unavailable: as `work`.
    """
    with opened_book(plan) as book:
        return book.result()


def _run(book: Book, claim: Claim, function: TrialFunction, follower: StudyWatch) -> None:
    attempt = Attempt(book, claim)
    with follower.trial(claim.number) as seen:
        record = attempt.run(function, seen.observer)
        seen.ended(record)
    attempt.keep(record)
