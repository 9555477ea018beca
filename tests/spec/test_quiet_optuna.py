import warnings
from threading import Event, Thread

import optuna
import pytest

from rcnas_zoo.spec.quiet_optuna import quiet_optuna


def test_within_optuna_tells_of_nothing_but_trouble_and_then_as_before(capfd):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with quiet_optuna() as library:
        library.create_study()
        warnings.warn("new", library.exceptions.ExperimentalWarning, stacklevel=1)
    assert capfd.readouterr().err == ""
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def test_a_thread_that_leaves_does_not_end_the_quiet_of_another(recwarn):
    """The filters are the process's, so the second waits for the first."""
    inside, order = Event(), []

    def second():
        with quiet_optuna():
            order.append("second")

    with quiet_optuna() as library:
        other = Thread(target=second)
        other.start()
        inside.wait(0.2)
        order.append("first")
        warnings.warn("new", library.exceptions.ExperimentalWarning, stacklevel=1)
    other.join(60)
    assert order == ["first", "second"]
    assert not recwarn.list


def test_other_warnings_are_still_heard():
    with pytest.warns(UserWarning, match="trouble"), quiet_optuna():
        warnings.warn("trouble", UserWarning, stacklevel=1)
