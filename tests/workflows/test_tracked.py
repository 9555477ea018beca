import json
from dataclasses import replace
from pathlib import Path

from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.tracked import TrackedEvaluator
from tests.search.formula import Formula, make_problem

PROBLEM = make_problem()


class WithCurve(Formula):
    """Outcomes that were trained for two epochs."""

    def evaluate(self, problem, proposals, observer):
        curve = ({"loss": 2.0}, {"loss": 1.5})
        return [replace(outcome, curve=curve) for outcome in super().evaluate(problem, proposals, observer)]


def search(run, visits):
    return NamedMethod("random", visits).run(PROBLEM, TrackedEvaluator(WithCurve(), run, "random"), Silent())


def test_outcomes_pass_through_unchanged(store):
    with open_run(store, "finetune", "x", {}) as run:
        tracked = search(run, 3)
    assert tracked.visits == NamedMethod("random", 3).run(PROBLEM, WithCurve(), Silent()).visits


def test_each_outcome_is_a_child_run_with_its_numbers_curve_and_files(store, tmp_path):
    client = store.client()
    with open_run(store, "finetune", "x", {}) as run:
        visit = search(run, 1).visits[0]
        (run_id,) = run.finished_children().values()
    child = client.get_run(run_id)
    assert child.data.tags["rcnas.key"] == child.info.run_name == "random/000"
    assert child.data.params == {"digest": visit.proposal.spec.digest, "status": "trained", "note": ""}
    assert child.data.metrics == {
        "reward": visit.outcome.reward,
        "accuracy": visit.outcome.accuracy,
        "margin": 0,
        "macs": visit.outcome.macs,
        "parameters": visit.outcome.parameters,
        "seconds": 0,
        "candidate_clean_accuracy": 0,
        "loss": 1.5,
    }
    assert [(p.step, p.value) for p in client.get_metric_history(run_id, "loss")] == [(1, 2.0), (2, 1.5)]
    kept = Path(client.download_artifacts(run_id, "", str(tmp_path)))
    assert (kept / "spec.json").read_text() == visit.proposal.spec.to_json()
    assert json.loads((kept / "outcome.json").read_text())["curve"] == [{"loss": 2.0}, {"loss": 1.5}]


def test_a_resumed_search_logs_what_is_missing_and_nothing_twice(store):
    client = store.client()
    with open_run(store, "finetune", "x", {}) as run:
        search(run, 2)
    with open_run(store, "finetune", "x", {}, resume=run.id) as again:
        found = search(again, 4)
        assert sorted(again.finished_children()) == [f"random/{number:03}" for number in range(4)]
    rewards = client.get_metric_history(run.id, "random.reward")
    assert [(p.step, p.value) for p in rewards] == list(enumerate(found.rewards))
    best = client.get_metric_history(run.id, "random.best_reward")
    assert [p.value for p in best] == [max(found.rewards[: number + 1]) for number in range(4)]
