from dataclasses import replace

import pytest

from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import SearchResult
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows import rows
from rcnas_zoo.workflows.finals import run_final
from rcnas_zoo.workflows.prepare import prepare
from rcnas_zoo.workflows.rows import final_jobs, run_finals
from tests.search.formula import Formula, make_problem

from .quick import QUICK_PLAN, TASK, Heard, quick_settings

PROBLEM = make_problem(str(TASK))


def search(seed=0):
    return NamedMethod("random", 3, seed=seed).run(PROBLEM, Formula(), Silent())


def with_status(result, status):
    visits = [replace(v, outcome=replace(v.outcome, status=status)) for v in result.visits]
    return SearchResult(tuple(visits), {})


@pytest.fixture
def jobs(session, undisturbed):
    """Two finals that the cache knows."""
    (first,), _ = final_jobs(session.prepared, undisturbed.result.search, {})
    first = replace(first, plan=QUICK_PLAN)
    return [first, replace(first, method="random")]


def test_without_a_comparison_only_the_searched_network_is_kept(machine):
    found = search()
    (job,), infeasible = final_jobs(prepare(TASK, quick_settings(), machine), found, {})
    assert (job.method, job.training.spec, job.weights) == ("searched", found.best.proposal.spec, None)
    assert infeasible == {}


def test_the_rows_come_in_a_fixed_order_with_their_networks(trained, machine):
    task, weights = Task.parse("digits/pgd-2/wrn-10-1/1500k"), str(trained.entry.folder)
    settings = quick_settings(compare=("random", "robustresnet", "teacher"), teacher_weights=weights)
    prepared, agent, cold, chance = prepare(task, settings, machine), search(), search(seed=2), search(seed=1)
    found, infeasible = final_jobs(prepared, agent, {"r-nas": cold, "random": chance})
    assert [job.method for job in found] == ["searched", "teacher", "robustresnet", "r-nas", "random"]
    assert infeasible == {}
    assert found[1].training.spec == trained.entry.spec
    assert [job.training.spec for job in found[3:]] == [each.best.proposal.spec for each in (cold, chance)]
    assert [job.weights for job in found] == [None, trained.entry.folder, None, None, None]
    assert {(job.training.recipe, job.threat, job.plan) for job in found} == {
        (prepared.final.recipe, prepared.threat, prepared.plan)
    }


def test_a_row_that_cannot_meet_the_budget_is_infeasible_with_its_reason(machine):
    task = Task.parse("digits/pgd-2/wrn-10-1/130k")
    prepared = prepare(task, quick_settings(compare=("robustresnet",)), machine)
    found, infeasible = final_jobs(prepared, search(), {})
    assert [job.method for job in found] == ["searched"]
    assert "budget" in infeasible["robustresnet"]


@pytest.mark.parametrize("status", ["failed", "over-budget"])
def test_a_search_that_trained_nothing_cannot_be_kept(status, machine):
    prepared = prepare(TASK, quick_settings(), machine)
    refusal = "at least one candidate must train to a finite loss, got none of 3"
    with pytest.raises(Unavailable, match=refusal):
        final_jobs(prepared, with_status(search(), status), {})
    with pytest.raises(Unavailable, match=refusal):
        final_jobs(prepared, search(), {"random": with_status(search(), status)})


def test_every_row_is_logged_once_also_when_the_run_is_resumed(session, jobs):
    client = session.store.client()
    first = run_finals(session, jobs[:1])
    assert list(session.run.finished_children()) == ["final/searched"]
    assert run_finals(session, jobs)[:1] == first
    assert sorted(session.run.finished_children()) == ["final/random", "final/searched"]
    found = client.search_runs([client.get_run(session.run.id).info.experiment_id], max_results=100)
    assert len(found) == 3


def test_the_searched_rows_accuracies_are_the_runs_own_also_if_a_cut_off_run_had_logged_the_row(session, jobs):
    with session.run.child("final/searched"):
        pass
    (row,) = run_finals(session, jobs[:1])
    metrics = session.store.client().get_run(session.run.id).data.metrics
    assert metrics == {"test.clean": row.measured[0].clean_accuracy, "test.pgd-2": row.measured[0].attacks["pgd-2"]}


def test_one_network_is_trained_where_its_progress_can_be_seen(session, jobs, monkeypatch):
    watchers = []
    monkeypatch.setattr(rows, "run_final", lambda job, watcher: watchers.append(watcher) or run_final(job, watcher))
    observer = Heard()
    run_finals(replace(session, observer=observer), jobs)
    assert watchers == [observer, observer]
    assert observer.steps == []


class TwoWorkers:
    """Runs the jobs here, and answers as two processes would."""

    count = 2

    def run_watched(self, function, jobs, observer, on_done):
        results = [function(job, observer) for job in jobs]
        for index in reversed(range(len(jobs))):
            on_done(index, results[index])
        return results


def test_several_networks_side_by_side_are_told_as_they_end(session, jobs):
    observer = Heard()
    found = run_finals(replace(session, observer=observer, workers=TwoWorkers()), jobs)
    assert [row.method for row in found] == ["searched", "random"]
    assert observer.steps == [
        ("full trainings", 0, 2, ""),
        ("full trainings", 1, 2, "random"),
        ("full trainings", 2, 2, "searched"),
    ]


def test_side_by_side_each_training_shows_how_far_it_is_but_not_its_epochs(session, undisturbed, jobs, monkeypatch):
    def training(job, watcher):
        watcher.progress(f"training {job.method}", 1, 2, "epoch 1/2")
        watcher.epoch(1, 2, {"loss": 1.0})
        return replace(undisturbed.result.rows[0], method=job.method)

    monkeypatch.setattr(rows, "run_final", training)
    observer = Heard()
    run_finals(replace(session, observer=observer, workers=TwoWorkers()), jobs)
    assert ("training searched", 1, 2, "epoch 1/2") in observer.steps
    assert ("training random", 1, 2, "epoch 1/2") in observer.steps
    assert observer.epochs == []


def test_the_costliest_network_starts_first_and_the_rows_keep_their_order(session, undisturbed, jobs, monkeypatch):
    started = []

    def measured(job, _):
        started.append(job.method)
        return replace(undisturbed.result.rows[0], method=job.method)

    monkeypatch.setattr(rows, "run_final", measured)
    costly = replace(jobs[1].training, spec=session.prepared.teacher.spec)
    found = run_finals(replace(session, workers=TwoWorkers()), [jobs[0], replace(jobs[1], training=costly)])
    assert started == ["random", "searched"]
    assert [row.method for row in found] == ["searched", "random"]
