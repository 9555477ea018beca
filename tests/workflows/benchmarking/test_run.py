"""One small benchmark from end to end, that all tests look at."""

import csv
import io
import json
import statistics
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.studies.work import finished
from rcnas_zoo.candidates import training
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.errors import Diverged, InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.listing import list_runs
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.benchmarking import measures, measuring, studies
from rcnas_zoo.workflows.benchmarking import run as running
from rcnas_zoo.workflows.benchmarking.run import benchmark_task
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.tracked import benchmark_run
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import prepare
from tests.baselines.tables import result_of

TASK = Task.parse("digits/pgd-5/wrn-10-1/150k")
QUICK = {"visits": 2, "search_epochs": 1, "final_epochs": 1, "subset_samples": 8, "policy": "none"}
SETTINGS = TaskBenchmarkSettings(("random", "sat", "advrush", "rc-nas", "hydra"), (0, 1), **QUICK)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The table, the folder, the store and the machine of a benchmark with cheap attacks in place of the usual."""
    folder = tmp_path_factory.mktemp("benchmark")
    store = f"sqlite:///{folder}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", store)
        patch.setattr(measures, "WHOLE", ("fgsm", "pgd-5"))
        patch.setattr(measures, "PART", ("cw-5",))
        patch.setattr(measures, "CURVE", "pgd-5")
        patch.setattr(measuring, "CURVE", "pgd-5")
        machine = Machine(workers=1, cache=folder / "cache")
        yield benchmark_task(TASK, SETTINGS, machine, to=folder / "out"), folder, Store(store, store), machine


def test_every_method_has_a_row_with_numbers_or_a_reason(made):
    table = made[0]
    assert [row.method for row in table.rows] == list(SETTINGS.methods)
    random, sat, advrush, warm, hydra = table.rows
    assert [len(row.results) for row in (random, sat, hydra)] == [2, 2, 2]
    assert "a budget must be at least the" in advrush.infeasible
    assert "rc-nas must start from a policy" in warm.infeasible


def test_the_report_says_how_its_rows_were_trained(made):
    settings, page = made[0].to_dict()["settings"], (made[1] / "out" / "table.md").read_text()
    assert (settings["training"]["epochs"], settings["search"]["epochs"], settings["search"]["visits"]) == (1, 1, 2)
    assert settings["training"]["images"] == 1150
    assert "Training of a row: 1 epoch on 1,150 images (sat, recipe " in page
    assert "Of each of 2 networks that a search visits: 1 epoch on 1,150 images" in page


def test_a_pruning_of_more_epochs_than_the_other_rows_is_told(made):
    (note,) = [note for note in made[0].notes if "epochs" in note]
    epochs = {len(result.curve) for result in made[0].rows[-1].results}
    assert note.startswith(f"hydra takes {epochs.pop()} epochs, its stages cannot be shorter, the other rows 1;")


def test_what_was_searched_meets_the_budget_and_a_reference_need_not(made):
    random, sat, *_, hydra = made[0].rows
    assert not random.over_budget
    assert not hydra.over_budget
    assert hydra.mean("nominal_macs") > hydra.budget
    assert sat.over_budget
    assert sat.reference


def test_costs_and_evaluations_are_those_of_the_networks(made):
    random, sat = made[0].rows[:2]
    for result in (*random.results, *sat.results):
        price = cost(result.spec)
        assert (result.parameters, result.macs) == (price.parameters, price.macs)
    assert {result.evaluations for result in random.results} == {1 + QUICK["visits"]}
    assert {result.evaluations for result in sat.results} == {1}
    assert all(len(result.rewards) == QUICK["visits"] for result in random.results)


def test_what_a_search_takes_is_told_from_the_training_of_what_it_found(made):
    random, sat = made[0].rows[:2]
    for result in random.results:
        assert result.search.visits == QUICK["visits"]
        assert result.search.visiting > result.search.thinking > 0
        assert 0 < result.training_seconds < result.seconds
        assert result.training_seconds + result.search.seconds == pytest.approx(result.seconds)
    assert {(result.search, result.training_seconds) for result in sat.results} == {
        (SearchCost(), result.seconds) for result in sat.results
    }


def test_the_worst_case_is_no_better_than_any_attack_and_images_are_told(made):
    for row in made[0].measured:
        for result in row.results:
            assert result.robust_accuracy <= min(result.attacks["fgsm"], result.attacks["pgd-5"])
            assert result.samples == {"clean": 360, "fgsm": 360, "pgd-5": 360, "cw-5": 8}


def test_the_folder_holds_every_form_of_the_table(made):
    table, folder = made[0], made[1] / "out"
    assert {path.name for path in folder.iterdir()} == {
        "report.json", "report.html", "table.md", "table.tex", "search-cost.tex", "table.csv",
        "cost.png", "searches.png", "stages.png",
    }  # fmt: skip
    assert json.loads((folder / "report.json").read_text()) == json.loads(json.dumps(table.to_dict()))
    rows = list(csv.DictReader(io.StringIO((folder / "table.csv").read_text())))
    assert len(rows) == 8


def test_the_run_keeps_the_report_and_a_study_below_it_each_trial(made):
    client = made[2].client()
    runs = [run for one in client.search_experiments() for run in client.search_runs([one.experiment_id])]
    by_workflow = {}
    for run in runs:
        by_workflow.setdefault(run.data.tags["rcnas.workflow"], []).append(run)
    (parent,) = by_workflow["benchmark"]
    assert {file.path for file in client.list_artifacts(parent.info.run_id)} >= {"report.html", "table.tex"}
    below = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(below) == 6
    assert {run.info.status for run in runs} == {"FINISHED"}
    trials = [run for run in runs if run.data.tags.get("rcnas.key") == "trial/000"]
    assert len(trials) == 6


def test_a_benchmark_that_was_cut_off_goes_on_in_its_run(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    asked = replace(SETTINGS, methods=("sat", "hydra"))

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running, "_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            benchmark_task(TASK, asked, machine, command="rcnas-zoo benchmark ...")
    cut = list_runs(store)[0]
    assert (cut.name, cut.status) == ("benchmark digits/pgd-5/wrn-10-1/150k, methods sat hydra, seeds 0 1", "KILLED")
    assert (cut.command, cut.progress) == ("rcnas-zoo benchmark ...", "4/4 studies")
    benchmark_task(TASK, asked, machine)
    again = list_runs(store)[0]
    assert (again.id, again.status) == (cut.id, "FINISHED")
    benchmark_task(TASK, replace(asked, seeds=(0,)), machine)
    assert list_runs(store)[0].id != cut.id


def test_a_second_process_at_the_same_benchmark_has_a_run_of_its_own(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    prepared, ids = prepare(TASK, SETTINGS.of_seed(0), machine), []
    with benchmark_run(prepared, SETTINGS, machine, store, Silent()) as first:
        ids.append(first.id)
        with benchmark_run(prepared, SETTINGS, machine, store, Silent()) as second:
            ids.append(second.id)
    assert len(set(ids)) == 2
    assert {row.status for row in list_runs(store) if row.id in ids} == {"FINISHED"}


def test_a_storage_that_cannot_be_is_refused_before_a_run_is_opened(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    before = list_runs(store)
    with pytest.raises(InvalidInput, match="a study's storage must be a database's URL"):
        benchmark_task(TASK, replace(SETTINGS, storage="nonsense"), machine)
    assert list_runs(store) == before


def test_the_same_command_again_trains_and_attacks_nothing(made, monkeypatch):
    table, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)

    def refuse(*_, **__):
        raise AssertionError("nothing is to be computed again")

    monkeypatch.setattr(training, "train", refuse)
    found = benchmark_task(TASK, SETTINGS, machine)
    assert [row.to_dict() for row in found.rows] == [row.to_dict() for row in table.rows]


def test_more_attacks_and_radii_attack_with_these_alone_and_train_nothing(made, monkeypatch, tmp_path):
    table, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    asked, attacked, real = (
        replace(SETTINGS, attacks=("pgd-5", "fgsm", "pgd-1"), radii=("3/10", "1/10")),
        set(),
        Attack.perturb_seeded,
    )

    def watch(attack, *given):
        attacked.add((attack.name, str(attack.ball.threat)))
        return real(attack, *given)

    monkeypatch.setattr(Attack, "perturb_seeded", watch)
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("nothing is to be trained again"))
    found = benchmark_task(TASK, asked, machine, to=tmp_path / "more")
    attacked = {pair for pair in attacked if pair[0] != "clean"}
    assert attacked == {("pgd-1", "linf@1/5"), ("pgd-5", "linf@1/10"), ("pgd-5", "linf@3/10")}
    assert found.attacks == ["fgsm", "pgd-5", "pgd-1", "cw-5"]
    assert found.radii == ["linf@1/10", "linf@1/5", "linf@3/10"]
    for row, before in zip(found.measured, table.measured, strict=True):
        assert row.mean("seconds") == before.mean("seconds")
        for result in row.results:
            curve = [result.clean_accuracy, *result.radii.values()]
            assert curve == sorted(curve, reverse=True)
            assert result.radii_alone["linf@1/5"] == result.attacks["pgd-5"]
    assert {path.name for path in (tmp_path / "more").iterdir()} >= {"radii.csv", "radii.tex", "security.png"}


def test_an_attack_that_cannot_be_made_is_refused_before_anything_runs(made):
    with pytest.raises(InvalidInput, match="FGSN"):
        benchmark_task(TASK, replace(SETTINGS, attacks=("torchattacks:FGSN",)), made[3])


def test_a_seed_more_runs_only_what_is_missing(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    trained = []
    real = training.train
    monkeypatch.setattr(training, "train", lambda *args, **named: trained.append(named["seed"]) or real(*args, **named))
    found = benchmark_task(TASK, TaskBenchmarkSettings(("sat",), (0, 1, 2), **QUICK), machine)
    assert [result.seed for result in found.rows[0].results] == [0, 1, 2]
    assert set(trained) == {2}


def test_more_trials_keep_the_first_and_the_best_counts(made, monkeypatch):
    table, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    found = benchmark_task(TASK, TaskBenchmarkSettings(("sat",), (0,), 2, **QUICK), machine)
    (result,) = found.rows[0].results
    assert result.trials == 2
    assert result.evaluations == 2
    first = table.rows[1].results[0].settings
    assert set(result.settings) == set(first) == {"learning_rate", "weight_decay"}


def test_a_trial_that_falls_below_the_median_of_those_before_it_is_stopped_there(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    settings = TaskBenchmarkSettings(("sat",), (0,), 6, **{**QUICK, "final_epochs": 3})
    job = studies.StudyJob(TASK, settings, "sat", 0, machine)
    found = studies.run_study(job, Silent())
    trials = finished(studies.study_plan(job, prepare(TASK, settings.of_seed(0), machine))).trials
    for trial in trials:
        known = [other.reports for other in trials[: trial.number]]
        floors = {
            step: statistics.median(values) if len(values := [one[step] for one in known if step in one]) > 3 else 0.0
            for step in (1, 2)
        }
        assert dict(trial.payload["floors"]) == floors
        fallen = [step for step, value in trial.reports.items() if value < floors[step]]
        assert trial.end == ("stopped" if fallen else "scored")
        assert set(trial.reports) == ({1} if fallen == [1] else {1, 2})
    assert (found.trials, len(found.curve)) == (6, 3)


def test_a_folder_that_is_there_is_refused_before_anything_runs(made):
    with pytest.raises(InvalidInput, match="out"):
        benchmark_task(TASK, SETTINGS, made[3], to=made[1] / "out")


def test_a_seed_more_of_a_row_without_a_search_trains_its_network_alone(made, monkeypatch):
    _, _, store, machine = made
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    trained, real = [], training.train
    monkeypatch.setattr(training, "train", lambda *args, **named: trained.append(args[3]) or real(*args, **named))
    found = benchmark_task(TASK, replace(SETTINGS, methods=("sat",), seeds=(4,)), machine)
    assert [recipe.objective for recipe in trained] == ["sat"]
    assert [result.seed for result in found.rows[0].results] == [4]


def test_a_teacher_that_diverged_is_left_to_the_studies_that_need_it(made, monkeypatch):
    def diverge(*_):
        raise Diverged("the teacher broke")

    monkeypatch.setattr(running, "make_problem", diverge)
    running._train_teacher((TASK, SETTINGS, 0, made[3]), Silent())


def test_no_teacher_is_trained_for_searches_that_cannot_be(made, monkeypatch):
    monkeypatch.setattr(running, "make_problem", lambda *_: pytest.fail("nobody needs it"))
    running._train_teacher((TASK, replace(SETTINGS, methods=("rc-nas", "sat")), 0, made[3]), Silent())


def test_a_seed_without_a_result_leaves_the_others_and_is_told():
    prepared = SimpleNamespace(task=TASK, threat="linf@1/5", notes=("a note",))
    settings = TaskBenchmarkSettings(("sat", "mart", "advrush"), (0, 1))
    answers = [result_of(0, 0.5), "broke", "broke", "broke", "no budget", "no budget"]
    jobs = [studies.StudyJob(TASK, settings, name, seed, Machine()) for name in settings.methods for seed in (0, 1)]
    table = running._table(prepared, settings, dict(zip(jobs, answers, strict=True)))
    assert [[result.seed for result in row.results] for row in table.rows] == [[0], [], []]
    assert table.infeasible == {"mart": "broke", "advrush": "no budget"}
    assert table.notes == ("a note", "sat has no result under seed 1: broke")
