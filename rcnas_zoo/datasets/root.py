"""Where published data sets lie."""

import os
from pathlib import Path

VARIABLE = "RCNAS_DATA"


def data_root(given: Path | None) -> Path:
    """The folder given, else the one in ``RCNAS_DATA``, else the user's data folder for this program."""
    if given is not None:
        return given.expanduser()
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE]).expanduser()
    from platformdirs import user_data_path

    return user_data_path("rcnas-zoo")
