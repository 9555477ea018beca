from dataclasses import replace

import pytest

from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.studies.records import FAILED, SCORED, StudyResult, TrialRecord
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.errors import Diverged, IntegrityError, Unavailable
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import SearchResult
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.benchmarking import making, studies
from rcnas_zoo.workflows.benchmarking.making import make
from rcnas_zoo.workflows.benchmarking.measuring import Measured
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.studies import StudyJob, run_study, study_plan
from rcnas_zoo.workflows.benchmarking.tuning import Settled, Untuned
from rcnas_zoo.workflows.prepare import prepare

TASK = Task.parse("digits/pgd-5/wrn-10-1/150k")
QUICK = {"visits": 2, "search_epochs": 1, "final_epochs": 1, "policy": "none"}
SETTINGS = TaskBenchmarkSettings(("sat",), (0,), **QUICK)


@pytest.fixture
def failing(monkeypatch):
    """What making a network raises from now on."""

    def fail(error):
        def make(*_):
            raise error

        monkeypatch.setattr(studies, "make", make)

    return fail


def test_a_training_that_diverges_is_a_failed_trial(machine, failing):
    failing(Diverged("the loss broke"))
    found = run_study(StudyJob(TASK, SETTINGS, "sat", 0, machine), Silent())
    assert found == "at least one trial must train to a finite loss, none did: the loss broke"


def test_what_cannot_be_used_now_is_no_trial_whatever_its_words(machine, failing):
    failing(Unavailable("the disk is full since a training diverged"))
    with pytest.raises(Unavailable, match=r"^the disk is full"):
        run_study(StudyJob(TASK, SETTINGS, "sat", 0, machine), Silent())


def test_a_rate_that_breaks_the_loss_makes_no_network(machine):
    prepared = prepare(TASK, SETTINGS.of_seed(0), machine)
    wild = prepared.final.recipe.with_changes(gradient_clip=0.0, momentum=1.0)
    prepared = replace(prepared, final=replace(prepared.final, recipe=wild))
    with pytest.raises(Diverged, match="the training of the network must keep a finite loss"):
        make("sat", prepared, Settled({"learning_rate": 100.0, "weight_decay": 10.0}), Silent())


def test_a_search_that_trains_nothing_makes_no_network(machine, monkeypatch):
    monkeypatch.setattr(making, "make_problem", lambda *_: None)
    monkeypatch.setattr(NamedMethod, "run", lambda *_: SearchResult((), {}))
    with pytest.raises(Diverged, match="at least one network of a search must train to a finite loss, all of random"):
        make("random", prepare(TASK, SETTINGS.of_seed(0), machine), Untuned(), Silent())


@pytest.mark.parametrize(
    ("method", "warm"), [("rc-nas", True), ("tpe-warm", True), ("r-nas", False), ("random", False), ("hydra", False)]
)
def test_the_policy_decides_the_studies_that_start_from_it_and_no_others(method, warm, machine):
    plans = []
    for settings in (SETTINGS, replace(SETTINGS, policy="")):
        prepared = prepare(TASK, settings.of_seed(0), machine)
        assert (prepared.agent.policy is None) == (settings.policy == "none")
        plans.append(study_plan(StudyJob(TASK, settings, method, 0, machine), prepared))
    without, given = plans
    assert (given.digest != without.digest) == warm


def planned(method, machine, **changes):
    settings = replace(SETTINGS, **changes)
    return study_plan(StudyJob(TASK, settings, method, 0, machine), prepare(TASK, settings.of_seed(0), machine))


@pytest.mark.parametrize("method", ["sat", "random"])
def test_a_study_hangs_on_what_its_networks_are_made_of_and_on_nothing_else(method, machine):
    plain = planned(method, machine)
    kept = {"seeds": (0, 7), "trials": 9, "subset_samples": 3, "attacks": ("naa",), "radii": ("1/10",)}
    assert planned(method, machine, **kept).digest == plain.digest
    for change in ({"final_epochs": 2}, {"train_size": 100}, {"sampler": "random"}, {"recipe": "quick-5"}):
        other = planned(method, machine, **change)
        assert other.digest != plain.digest
        assert other.name != plain.name
    for change in ({"visits": 3}, {"search_epochs": 2}, {"search_train_size": 100}):
        other = planned(method, machine, **change)
        assert (other.digest != plain.digest) == (other.name != plain.name) == (method == "random")


@pytest.mark.parametrize(
    ("version", "methods"),
    [("ENGINE_VERSION", {"sat", "random", "hydra"}), ("ROWS_VERSION", {"sat", "random", "hydra"}),
     ("PRUNING_VERSION", {"hydra"})],
)  # fmt: skip
def test_another_engine_makes_another_study(version, methods, machine, monkeypatch):
    before = {method: planned(method, machine).digest for method in ("sat", "random", "hydra")}
    monkeypatch.setattr(studies, version, 99)
    assert {method for method, digest in before.items() if planned(method, machine).digest != digest} == methods


def test_a_best_trial_that_makes_another_network_now_is_refused(machine, monkeypatch):
    made = make("magnitude", prepare(TASK, SETTINGS.of_seed(0), machine), Untuned(), Silent())
    monkeypatch.setattr(studies, "make", lambda *_: made)
    payload = {"digest": "e" * 64, "floors": []}
    best = TrialRecord(0, SCORED, {}, (0.5,), {}, payload, "", 1.0)
    job, prepared = StudyJob(TASK, SETTINGS, "sat", 0, machine), prepare(TASK, SETTINGS.of_seed(0), machine)
    with pytest.raises(
        IntegrityError,
        match=f"the best trial of s must make the network eeeeeeeeeeee again, got {made.spec.digest[:12]}",
    ):
        studies._measured(job, prepared, StudyResult("s", "d", ("maximize",), (best,)), best, Silent())


def test_what_a_failed_trial_took_counts(machine):
    failed = TrialRecord(0, FAILED, {}, (), {}, {}, "the loss broke", 7.0)
    searched = {"seconds": 2.0, "evaluations": 3, "search": SearchCost().to_dict()}
    study = StudyResult("s", "d", ("maximize",), (failed, TrialRecord(1, SCORED, {}, (0.5,), {}, searched, "", 9.0)))
    made = make("magnitude", prepare(TASK, SETTINGS.of_seed(0), machine), Untuned(), Silent())
    measured = Measured(0.5, {}, {}, 0.5, {}, {}, {}, ())
    result = studies._result(StudyJob(TASK, SETTINGS, "sat", 0, machine), made, measured, study, study.trials[1])
    assert (result.seconds, result.evaluations, result.trials) == (9.0, 4, 2)


@pytest.mark.parametrize("folder", ["d" * 150, "d\u200be"])
def test_a_data_set_may_lie_deep_in_folders_of_any_name(machine, folder):
    prepared = prepare(TASK, SETTINGS.of_seed(0), machine)
    tasks = [Task.parse(f"npz:/{folder}/{name}.npz/pgd-5/wrn-10-1/150k") for name in ("here", "there")]
    plans = [study_plan(StudyJob(task, SETTINGS, "sat", 0, machine), prepared) for task in tasks]
    assert plans[0].name != plans[1].name
    assert study_plan(StudyJob(TASK, SETTINGS, "sat", 0, machine), prepared).name.startswith(f"{TASK} ")
