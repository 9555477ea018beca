"""Where this machine keeps what can be made again."""

import os
from pathlib import Path


def default_cache_root() -> Path:
    """Where caches live: ``RCNAS_CACHE``, else the user's cache folder of the platform; absolute."""
    if given := os.environ.get("RCNAS_CACHE"):
        return Path(given).absolute()
    from platformdirs import user_cache_path

    return user_cache_path("rcnas-zoo", appauthor=False)
