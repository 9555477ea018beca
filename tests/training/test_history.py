"""What counts as the best epoch."""

import pytest

from rcnas_zoo.training.history import History


def after(accuracies, eligible=None):
    """The history of epochs with these robust accuracies; None is one that was not measured."""
    history = History({"w": 0})
    for number, accuracy in enumerate(accuracies, start=1):
        measured = {} if accuracy is None else {"robust_accuracy": accuracy}
        may_be_best = accuracy is not None if eligible is None else number in eligible
        history.add({"loss": 1.0, **measured}, {"w": number}, may_be_best)
    return history.result(2.5, {"parts": 1})


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [
        ([0.1, 0.3, 0.2], 2),
        ([0.3, 0.3, 0.3], 1),
        ([0.0, 0.0], 1),
        ([None, None, 0.1, 0.2, 0.1], 4),
        ([None, 0.0], 2),
        ([0.5, None, 0.6], 3),
    ],
)
def test_the_best_epoch_is_the_first_with_the_highest_accuracy(accuracies, best):
    result = after(accuracies)
    assert (result.best_epoch, result.best, result.last) == (best, {"w": best}, {"w": len(accuracies)})


@pytest.mark.parametrize("accuracies", [[None, None], [0.4, 0.2]])
def test_where_no_epoch_may_be_the_best_the_last_one_is(accuracies):
    result = after(accuracies, eligible=())
    assert (result.best_epoch, result.best) == (2, {"w": 2})


def test_an_epoch_that_was_measured_for_another_reason_neither_is_the_best_nor_is_in_its_way():
    result = after([0.9, 0.3, 0.4], eligible=(2, 3))
    assert (result.best_epoch, result.best) == (3, {"w": 3})


def test_without_an_epoch_the_start_is_what_is_left():
    result = after([])
    assert (result.best_epoch, result.best, result.last, result.curve) == (0, {"w": 0}, {"w": 0}, ())
    assert (result.seconds, result.engine) == (2.5, {"parts": 1})
    assert not result.diverged
    assert not result.hopeless
