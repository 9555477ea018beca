import json

import pytest

from rcnas_zoo.baselines.studies.work import work
from tests.baselines.studies.processes import answer, kill_at, start
from tests.baselines.studies.worker import Bowl, counts, plan_of

EIGHT = list(range(8))


@pytest.fixture(params=["journal", "sqlite"])
def folder(request, tmp_path):
    storage = "" if request.param == "journal" else f"sqlite:///{tmp_path}/studies.db"
    (tmp_path / "plan.json").write_text(json.dumps({"storage": storage}))
    return tmp_path


def alone(tmp_path) -> list:
    """What one process comes to."""
    (tmp_path / "alone").mkdir()
    result = work(plan_of(tmp_path / "alone"), Bowl(tmp_path / "alone"))
    return [[trial.number, list(trial.values), dict(trial.parameters)] for trial in result.trials]


def test_two_processes_finish_a_study_once_and_as_one_would(folder):
    processes = [start(folder, 0.05) for _ in range(2)]
    answers = [answer(process) for process in processes]
    assert counts(folder, "begun") == counts(folder, "done") == EIGHT
    assert answers[0] == answers[1] == alone(folder)


def test_the_trial_of_a_killed_process_is_finished_by_the_other_with_its_number_and_settings(folder):
    (folder / "hang-2").touch()
    processes = [start(folder) for _ in range(2)]
    # The other process goes on up to the first trial that must know the one that hangs.
    other = kill_at(2, folder, processes, done=[0, 1, 3, 4, 5])
    answers = answer(other)
    assert counts(folder, "begun") == [0, 1, 2, 2, *range(3, 8)]
    assert counts(folder, "done") == EIGHT
    assert answers == alone(folder)
