"""Where runs and models are kept: MLflow's tracking store and registry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rcnas_zoo.tracking.client import answering, make_client
from rcnas_zoo.tracking.database import ready_database
from rcnas_zoo.tracking.server import check_server
from rcnas_zoo.tracking.uris import absolute_uri, check_kind, database_path, default_uri, is_server

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Store:
    """A pair of absolute URIs, mostly the same.

    Attributes:
        tracking_uri: where runs go.
        registry_uri: where models are registered.
    """

    tracking_uri: str
    registry_uri: str

    def client(self) -> MlflowClient:
        """A client of both, after making sure that they answer; a local database that is absent is made.

        Raises:
            Unavailable: a server does not answer, a database cannot be opened or made, or a store is plain files.
        """
        for uri in dict.fromkeys([self.tracking_uri, self.registry_uri]):
            check_kind(uri)
            if is_server(uri):
                check_server(uri)
            elif path := database_path(uri):
                ready_database(path)
        with answering(self.tracking_uri):
            return make_client(self.tracking_uri, self.registry_uri)

    @property
    def has_runs(self) -> bool:
        """False if nothing can have been tracked, for the local database is not there yet."""
        return not _is_absent_file(self.tracking_uri)

    @property
    def has_models(self) -> bool:
        """False if nothing can have been registered, for the local database is not there yet."""
        return not _is_absent_file(self.registry_uri)


def current_store() -> Store:
    """The store of ``MLFLOW_TRACKING_URI`` and ``MLFLOW_REGISTRY_URI``, else MLflow's default in this directory.

    ``mlflow run``, ``mlflow ui`` and this package then see the same runs when they are started in one directory.
    """
    tracking = absolute_uri(os.environ.get("MLFLOW_TRACKING_URI") or default_uri(Path.cwd()))
    return Store(tracking, absolute_uri(os.environ.get("MLFLOW_REGISTRY_URI") or tracking))


def _is_absent_file(uri: str) -> bool:
    path = database_path(uri)
    return path is not None and not path.exists()
