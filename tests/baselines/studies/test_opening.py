from dataclasses import replace

import optuna
import pytest

from rcnas_zoo.baselines.studies.opening import check_home, opened_book
from rcnas_zoo.baselines.studies.work import work
from rcnas_zoo.spec.errors import IntegrityError, Unavailable
from tests.baselines.studies.worker import Bowl, counts, plan_of


@pytest.fixture(params=["journal:{}/s", "sqlite:///{}/s.db"])
def storage(request, tmp_path):
    return request.param.format(tmp_path)


def test_a_study_of_another_plan_under_the_same_name_is_refused(storage, tmp_path):
    plan = plan_of(tmp_path, trials=2, storage=storage)
    work(plan, Bowl(tmp_path))
    other = replace(plan, decides={"task": "vase"}, seed=4)
    with pytest.raises(
        IntegrityError, match=r"'bowl' in .* must follow this plan, but it has another decides and seed;"
    ):
        work(other, Bowl(tmp_path))
    assert counts(tmp_path, "begun") == [0, 1]


def test_a_study_that_optuna_made_without_us_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    study = optuna.create_study(storage=url, study_name="bowl", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
    with pytest.raises(IntegrityError, match="must follow this plan"):
        work(plan_of(tmp_path, storage=url), Bowl(tmp_path))


def test_a_study_whose_maker_died_before_it_wrote_its_plan_goes_on(tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    optuna.create_study(storage=url, study_name="bowl", direction="maximize")
    assert len(work(plan_of(tmp_path, trials=2, storage=url), Bowl(tmp_path)).trials) == 2


def test_optuna_reads_what_we_wrote(storage, tmp_path):
    result = work(plan_of(tmp_path, trials=4, storage=storage), Bowl(tmp_path))
    where = storage
    if storage.startswith("journal:"):
        file = storage.removeprefix("journal:")
        where = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(file))
    study = optuna.load_study(study_name="bowl", storage=where)
    assert study.best_trial.number == result.best.number
    assert study.best_value == result.best.values[0]
    assert [trial.params for trial in study.trials] == [trial.parameters for trial in result.trials]


def test_processes_that_see_other_locks_may_not_share_a_study(tmp_path):
    storage = optuna.storages.InMemoryStorage()
    study = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "bowl")
    server = {"storage": "postgresql://me:secret@host/studies"}
    here, elsewhere = (plan_of(tmp_path / name, **server) for name in ("here", "elsewhere"))
    check_home(here, storage, study)
    check_home(here, storage, study)
    with pytest.raises(Unavailable, match="set RCNAS_CACHE to one folder that all machines share"):
        check_home(elsewhere, storage, study)


def test_the_same_locks_under_another_name_are_the_same(tmp_path):
    storage = optuna.storages.InMemoryStorage()
    study = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "bowl")
    server = {"storage": "postgresql://host/studies"}
    check_home(plan_of(tmp_path / "here", **server), storage, study)
    (tmp_path / "there").symlink_to(tmp_path / "here")
    check_home(plan_of(tmp_path / "there", **server), storage, study)


def test_a_new_study_has_no_result(tmp_path):
    with opened_book(plan_of(tmp_path)) as book:
        assert book.result() is None
        assert book.ended == 0
