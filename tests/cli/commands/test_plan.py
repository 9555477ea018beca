import shlex

import pytest

from ..answers import document, refusal


def test_the_document_tells_the_work(run, here):
    found = document(run("plan", "cifar10/autoattack/wrn-28-10/5g", "--json"))
    assert set(found) == {
        *("task", "threat", "note", "visits", "final_trainings", "search_epochs", "final_epochs"),
        *("teacher_macs", "teacher_parameters", "smallest_macs", "budget_macs", "search_macs", "final_macs"),
    }
    assert (found["task"], found["threat"]) == ("cifar10/autoattack/wrn-28-10/5g", "linf@8/255")
    assert (found["budget_macs"], found["visits"], found["final_trainings"]) == (5 * 10**9, 10, 1)
    assert round(found["teacher_macs"] / 1e9, 2) == 5.24
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "visits", "trainings"),
    [
        ("", 10, 1),
        ("--iterations 12 --steps 2", 24, 1),
        ("--compare teacher,robustresnet", 10, 3),
        ("--compare random", 20, 2),
        ("--iterations '' --steps '' --compare '' --threat ''", 10, 1),
    ],
)
def test_options_change_the_work(run, options, visits, trainings):
    found = document(run("plan", "digits/pgd-20/wrn-16-2/2m", *shlex.split(options), "--json"))
    assert (found["visits"], found["final_trainings"]) == (visits, trainings)


def test_people_get_it_in_words_and_a_note_if_the_budget_does_not_bind(run):
    assert "note:" not in run("plan", "digits/pgd-20/wrn-16-2/2m").stdout
    lines = run("plan", "digits/pgd-20/wrn-16-2/10m", "--threat", "1/10").stdout.splitlines()
    assert lines[0] == "task digits/pgd-20/wrn-16-2/10m, threat linf@1/10"
    assert lines[-1] == "note: the budget 10m does not bind: the teacher costs 6.30 M MACs"


ROWS = (
    "plan digits/pgd-5/wrn-10-1/150k --iterations 2 --search-epochs 1 --final-epochs 1 --subset-samples 8 --policy none"
)


@pytest.fixture
def hurried(monkeypatch):
    """A measurement of a moment."""
    monkeypatch.setattr("rcnas_zoo.workflows.benchmarking.planning.plan.SECONDS", 0.5)


def test_methods_seeds_or_trials_plan_a_benchmark(run, here, hurried):
    answer = run(*ROWS.split(), "--methods", "sat,advrush", "--seeds", "0,1", "--workers", "1", "--json")
    found = document(answer)
    assert set(found) == {
        *("task", "threat", "seeds", "trials", "device", "workers", "rows", "notes", "teacher_seconds", "seconds"),
        *("wall_seconds", "peak_bytes", "peak_bytes_of_workers"),
    }
    sat, advrush = found["rows"]
    assert set(sat) == {"method", "trained", "attacked", "seconds_per_seed", "seconds", "peak_bytes"}
    assert (sat["trained"], sat["attacked"]) == (2, 4)
    assert "a budget must be at least" in advrush["infeasible"]
    assert "measuring this machine: 0/" in answer.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--methods sat --steps 2", "--steps must not be given with --methods, --seeds or --trials"),
        ("--trials 2 --compare teacher --steps 2", "--steps, --compare must not be given with --methods"),
        ("--final-epochs 2 --workers 1", "--final-epochs, --workers must not be given without --methods, --seeds or"),
        ("--download", "--download must not be given without --methods, --seeds or --trials"),
        ("--methods hydre", "got 'hydre'"),
        ("--methods sat --eps 1/5 --threat 1/10", "--threat and --eps must not contradict each other"),
    ],
)
def test_options_that_do_not_go_together(run, words, message):
    answer = run("plan", "digits/pgd-20/wrn-16-2/2m", *words.split())
    assert answer.exit_code == 2
    assert message in refusal(answer)
