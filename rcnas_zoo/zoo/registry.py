"""The registry: everything that talks to MLflow's model registry, in one place to import from."""

from rcnas_zoo.zoo.downloading import download, download_architecture, download_run_entry
from rcnas_zoo.zoo.lookup import Resolved, look_up, refresh_index, resolve
from rcnas_zoo.zoo.publishing import Published, publish

__all__ = [
    "Published",
    "Resolved",
    "download",
    "download_architecture",
    "download_run_entry",
    "look_up",
    "publish",
    "refresh_index",
    "resolve",
]
