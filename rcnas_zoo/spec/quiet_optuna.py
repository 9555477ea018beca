"""Optuna, imported late and kept quiet."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ALONE = threading.RLock()
"""Filters of warnings belong to the process: a thread that leaves would end the quiet of the others."""


@contextmanager
def quiet_optuna() -> Iterator[Any]:
    """The library, imported only now, which tells of nothing but trouble meanwhile. One thread at a time."""
    import optuna

    with _ALONE:
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                yield optuna
        finally:
            optuna.logging.set_verbosity(verbosity)
