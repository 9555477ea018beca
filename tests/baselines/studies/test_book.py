import threading

import pytest

from rcnas_zoo.baselines.studies.opening import opened_book
from rcnas_zoo.execution.locks import waited
from tests.baselines.studies.worker import plan_of


@pytest.fixture
def plan(tmp_path):
    return plan_of(tmp_path, trials=3, together=2)


def number(claim):
    return None if claim is None else claim.number


def test_as_many_trials_are_claimed_at_once_as_the_plan_allows(plan):
    with opened_book(plan) as book, book.claim() as first:
        with book.claim() as second, book.claim() as third:
            assert [number(claim) for claim in (first, second, third)] == [0, 1, None]
        # The second was given up, so it is free again, before any new one.
        with book.claim() as again:
            assert (again.number, again.trial_id) == (1, second.trial_id)


def test_a_trial_that_another_holds_is_not_claimed_from_another_opening_either(plan):
    with opened_book(plan) as book, book.claim() as first, opened_book(plan) as other, other.claim() as second:
        assert (first.number, second.number) == (0, 1)


def test_whoever_looks_for_a_trial_waits_for_others_who_do(plan):
    found = []

    def look(book):
        with book.claim() as claim:
            found.append(claim.number)

    with opened_book(plan) as book:
        looking = threading.Thread(target=look, args=[book])
        with waited(plan.address.leases, "claims"):
            looking.start()
            looking.join(0.3)
            assert found == []
        looking.join()
    assert found == [0]
