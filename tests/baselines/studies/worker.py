"""A process that works at a study: `python -m tests.baselines.studies.worker FOLDER [pace]`.

The plan lies in FOLDER/plan.json. Each trial leaves a line in FOLDER/begun and one in FOLDER/done. A trial that finds
FOLDER/hang-N stays under way until that file is gone, after it has drawn a parameter and written its process's
number into FOLDER/hanging-N.
"""

import json
import os
import sys
import time
from pathlib import Path

from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.records import StudyResult, TrialScore
from rcnas_zoo.baselines.studies.trial import TrialContext
from rcnas_zoo.baselines.studies.work import work


def note(file: Path, number: int) -> None:
    with file.open("a") as lines:
        lines.write(f"{number}\n")


class Bowl:
    """A trial whose value is largest at x = 1, y = 2; kind shifts it."""

    def __init__(self, folder: Path, seconds: float = 0.0) -> None:
        self.folder = folder
        self.seconds = seconds

    def __call__(self, context: TrialContext) -> TrialScore:
        note(self.folder / "begun", context.number)
        x = context.suggest_float("x", -3, 3)
        self.hang(context.number)
        y = context.suggest_int("y", 0, 5)
        kind = context.suggest_categorical("kind", ["a", "b"])
        time.sleep(self.seconds)
        note(self.folder / "done", context.number)
        return TrialScore((-((x - 1) ** 2) - (y - 2) ** 2 - (kind == "b"),), {"shown": [x, y, kind]})

    def hang(self, number: int) -> None:
        flag = self.folder / f"hang-{number}"
        if flag.exists():
            (self.folder / f"hanging-{number}").write_text(f"{os.getpid()}\n")
            while flag.exists():
                time.sleep(0.01)


def counts(folder: Path, name: str) -> list[int]:
    file = folder / name
    return sorted(map(int, file.read_text().split())) if file.exists() else []


def plan_of(folder: Path, **changes: object) -> StudyPlan:
    given = {"name": "bowl", "decides": {"task": "bowl"}, "trials": 8, "cache": folder / "cache", **changes}
    return StudyPlan(**given)


def run(folder: Path, seconds: float = 0.0) -> StudyResult:
    return work(plan_of(folder, **json.loads((folder / "plan.json").read_text())), Bowl(folder, seconds))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    result = run(folder, float(sys.argv[2]))
    sys.stdout.write(json.dumps([[trial.number, trial.values, dict(trial.parameters)] for trial in result.trials]))
