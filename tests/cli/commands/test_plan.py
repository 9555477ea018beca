import shlex

import pytest

from ..answers import document


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
