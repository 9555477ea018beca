import threading
from dataclasses import replace

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.records import TrialFailed, TrialScore
from rcnas_zoo.baselines.studies.work import finished, work
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.observer import Silent
from tests.baselines.studies.worker import Bowl, counts, plan_of


def reporting(*curves):
    """Trial ``n`` reports the ``n``-th curve, one value a step from 1 on, and scores its last value."""

    def function(context):
        for step, value in enumerate(curves[context.number], start=1):
            if context.report(step, value):
                break
        return TrialScore((value,), {"steps": step})

    return function


def test_a_finished_study_is_read_and_not_run(tmp_path):
    plan = plan_of(tmp_path)
    assert finished(plan) is None
    result = work(plan, Bowl(tmp_path))
    assert work(plan, Bowl(tmp_path)) == finished(plan) == result
    assert counts(tmp_path, "begun") == list(range(8))
    assert result.trials[3].payload == {"shown": list(result.trials[3].parameters.values())}


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_more_trials_run_what_is_missing_and_come_to_what_all_at_once_would(sampler, tmp_path):
    short = plan_of(tmp_path, trials=5, sampler=sampler)
    first = work(short, Bowl(tmp_path))
    longer = work(replace(short, trials=13), Bowl(tmp_path))
    assert counts(tmp_path, "begun") == list(range(13))
    assert work(short, Bowl(tmp_path)) == first
    assert longer.trials[:5] == first.trials
    (tmp_path / "anew").mkdir()
    assert longer == work(replace(short, trials=13, cache=tmp_path / "anew"), Bowl(tmp_path / "anew"))


@pytest.mark.parametrize("together", [1, 3, 20])
def test_the_number_of_threads_changes_nothing(together, tmp_path):
    plan = plan_of(tmp_path, trials=9, together=together)
    threads = [threading.Thread(target=work, args=(plan, Bowl(tmp_path, 0.01))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(tmp_path, "begun") == list(range(9))
    (tmp_path / "alone").mkdir()
    assert finished(plan) == work(replace(plan, cache=tmp_path / "alone"), Bowl(tmp_path / "alone"))


def test_a_trial_knows_those_that_ended_long_enough_before_it(tmp_path):
    """With TPE what is known shows in what is proposed: only the trials up to n - together may."""
    plan = plan_of(tmp_path, trials=12, together=3)

    def values(*changed):
        folder = tmp_path / f"changed-{changed}"

        def function(context):
            x = context.suggest_float("x", -3, 3)
            return TrialScore((100.0 if context.number in changed else -abs(x - 1),))

        trials = work(replace(plan, cache=folder), function).trials
        return [trial.parameters["x"] for trial in trials]

    usual, changed = values(), values(8)
    assert usual[:11] == changed[:11]
    assert usual[11] != changed[11]


def test_a_hopeless_trial_is_stopped_counts_and_says_why(tmp_path):
    good, bad = [0.5] * 8, [0.5, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    result = work(plan_of(tmp_path, trials=6, steps=8, together=1), reporting(good, good, good, good, bad, good))
    stopped = result.trials[4]
    assert [trial.end for trial in result.trials] == ["scored"] * 4 + ["stopped", "scored"]
    assert (stopped.values, stopped.payload, stopped.reports) == ((), {"steps": 2}, {1: 0.5, 2: 0.1})
    assert stopped.why == "0.1000 after step 2, below 0.5000, the median of the trials known"


def test_a_trial_is_judged_by_the_known_trials_alone(tmp_path):
    good, bad = [0.5] * 8, [0.1] * 8
    found = work(plan_of(tmp_path, trials=6, steps=8, together=3), reporting(good, good, good, good, bad, bad))
    assert [trial.end for trial in found.trials] == ["scored"] * 6


def test_several_directions_stop_as_well(tmp_path):
    def function(context):
        stop = context.report(2, 0.1 if context.number == 4 else 0.5)
        assert stop == (context.number == 4)
        return TrialScore((context.suggest_float("x", 0, 1), 3.0))

    plan = plan_of(tmp_path, trials=10, steps=8, together=1, directions=("maximize", "minimize"), sampler="nsga2")
    found = work(plan, function)
    assert [trial.number for trial in found.trials if trial.end == "stopped"] == [4]
    assert len(found.front) == 1


def test_a_failed_trial_counts_and_the_others_go_on(tmp_path):
    def function(context):
        context.suggest_float("x", 0, 1)
        if context.number == 1:
            raise TrialFailed("the training must stay finite,\ngot nan; lower the learning rate")
        return TrialScore((1.0,))

    found = work(plan_of(tmp_path, trials=3), function)
    assert [trial.end for trial in found.trials] == ["scored", "failed", "scored"]
    assert found.trials[1].why == "the training must stay finite, got nan; lower the learning rate"
    assert found.trials[1].parameters.keys() == {"x"}
    assert work(plan_of(tmp_path, trials=3), function) == found


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Unavailable, SystemExit])
def test_any_other_error_ends_the_worker_and_the_next_one_takes_the_trial_over(error, tmp_path):
    plan, bowl = plan_of(tmp_path, trials=4), Bowl(tmp_path)

    def broken(context):
        if context.number == 2:
            context.suggest_float("x", -3, 3)
            raise error("out of memory")
        return bowl(context)

    with pytest.raises(error):
        work(plan, broken)
    found = work(plan, bowl)
    assert counts(tmp_path, "begun") == [0, 1, 2, 3]
    (tmp_path / "alone").mkdir()
    assert found == work(replace(plan, cache=tmp_path / "alone"), Bowl(tmp_path / "alone"))


def test_settings_that_were_fixed_stay_so_even_if_the_sampler_would_answer_otherwise(tmp_path, monkeypatch):
    plan = plan_of(tmp_path, trials=1)
    seen = []

    def interrupted(context):
        seen.append(context.suggest_float("x", -3, 3))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(plan, interrupted)
    monkeypatch.setattr("rcnas_zoo.baselines.studies.adviser._seed", lambda seed, number: 99)
    (trial,) = work(plan, Bowl(tmp_path)).trials
    assert trial.parameters["x"] == trial.payload["shown"][0] == seen[0]


def test_a_trial_of_nsga2_keeps_its_generation(tmp_path):
    file = tmp_path / "s"
    work(plan_of(tmp_path, trials=18, together=1, sampler="nsga2", storage=f"journal:{file}"), Bowl(tmp_path))
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(file)))
    trials = optuna.load_study(study_name="bowl", storage=storage).trials
    generations = [
        value for trial in trials for name, value in trial.system_attrs.items() if name.endswith(":generation")
    ]
    assert generations == [0] * 8 + [1] * 8 + [2] * 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "must answer with a TrialScore"),
        (TrialScore((1.0, 2.0)), "must answer with 1 values"),
        (TrialScore((float("nan"),)), "finite number"),
        (TrialScore((1.0,), {"x": object()}), "plain finite JSON"),
    ],
)
def test_an_answer_that_is_no_score_ends_the_worker_and_the_study_stays_open(answer, message, tmp_path):
    plan = plan_of(tmp_path, trials=1)
    with pytest.raises(InvalidInput, match=message):
        work(plan, lambda context: answer)
    assert finished(plan) is None


def test_to_ask_for_one_parameter_in_two_ways_is_refused(tmp_path):
    def function(context):
        context.suggest_categorical("x", ["a", "b"] if context.number == 0 else ["c"])
        return TrialScore((1.0,))

    with pytest.raises(InvalidInput, match="must ask for the parameter 'x' as those before it did"):
        work(plan_of(tmp_path, trials=2, together=1), function)


class Listener(Silent):
    def __init__(self):
        self.heard = []

    def progress(self, label, done, total, note=""):
        self.heard.append((label, done, total))

    def epoch(self, number, total, metrics):
        raise AssertionError("the epochs of several trials would run into one another")


def test_progress_is_told_of_the_study_and_of_its_trials(tmp_path):
    def function(context):
        context.observer.progress(f"training {context.number}", 1, 2)
        context.observer.epoch(1, 2, {})
        return TrialScore((1.0,))

    listener = Listener()
    work(plan_of(tmp_path, trials=2), function, listener)
    assert listener.heard == [("training 0", 1, 2), ("bowl", 1, 2), ("training 1", 1, 2), ("bowl", 2, 2)]


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=5), st.integers(0, 2)),
        min_size=1,
        max_size=4,
        unique_by=lambda pair: pair[0],
    )
)
def test_any_parameters_come_back_as_they_were_given(tmp_path_factory, names):
    def function(context):
        for name, kind in names:
            if kind == 0:
                context.suggest_float(name, 1e-9, 1e9, log=True)
            elif kind == 1:
                context.suggest_int(name, -5, 5)
            else:
                context.suggest_categorical(name, [None, True, 1.5, "é"])
        return TrialScore((1.0,))

    plan = plan_of(tmp_path_factory.mktemp("any"), trials=2, sampler="random")
    assert work(plan, function) == finished(plan)
    assert finished(plan).trials[0].parameters.keys() == {name for name, _ in names}
