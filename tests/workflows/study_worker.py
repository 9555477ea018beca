"""A process that works at a tracked study: `python -m tests.workflows.study_worker FOLDER STORE_URI`."""

import sys
from pathlib import Path

from rcnas_zoo.baselines.studies.records import TrialScore
from rcnas_zoo.baselines.studies.trial import TrialContext
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.studies import work_tracked
from tests.baselines.studies.worker import Bowl, plan_of


class Told(Bowl):
    """A trial that tells of two epochs before it may hang and of two after."""

    def __call__(self, context: TrialContext) -> TrialScore:
        for epoch in (1, 2):
            context.observer.epoch(epoch, 4, {"loss": 1 / epoch})
            context.report(epoch, epoch / 10)
        score = super().__call__(context)
        for epoch in (3, 4):
            context.observer.epoch(epoch, 4, {"loss": 1 / epoch})
        return score


if __name__ == "__main__":
    folder, uri = Path(sys.argv[1]), sys.argv[2]
    work_tracked(plan_of(folder, trials=5, together=2), Told(folder), Store(uri, uri))
