import warnings

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


def test_other_warnings_are_still_heard():
    with pytest.warns(UserWarning, match="trouble"), quiet_optuna():
        warnings.warn("trouble", UserWarning, stacklevel=1)
