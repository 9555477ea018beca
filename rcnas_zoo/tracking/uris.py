"""URIs of MLflow's stores, resolved as MLflow resolves them but without importing it."""

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from rcnas_zoo.spec.errors import Unavailable

_USER = re.compile(r"(?<=://)[^/@]*@")
_ANY_USER = re.compile(r"(?<=://)[^/].*@")  # a password may hold what a URI should not
_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(?P<path>[^?]+)")


def default_uri(folder: Path) -> str:
    """MLflow's default store of a working directory: ``mlflow.db``, or an old file store that is there already."""
    runs = folder / "mlruns"
    if any(meta.parent.name.isdigit() for meta in runs.glob("*/meta.yaml")):
        return runs.as_uri()
    return f"sqlite:///{quote(str(folder / 'mlflow.db'))}"


def absolute_uri(uri: str) -> str:
    """The same store whatever the working directory becomes: the path of a database file is made absolute."""
    found = _SQLITE.match(uri)
    path = database_path(uri)
    if found is None or path is None:
        return uri
    return f"{uri[: found.start('path')]}{quote(str(path))}{uri[found.end('path') :]}"


def database_path(uri: str) -> Path | None:
    """The file of an SQLite store, absolute; None for any other store and for a database in memory."""
    found = _SQLITE.match(uri)
    if found is None or found["path"].startswith((":memory:", "file:")):
        return None
    return Path(os.path.abspath(unquote(found["path"])))


def is_server(uri: str) -> bool:
    """Whether a store is an MLflow server."""
    return urlsplit(uri).scheme in ("http", "https")


def shown(uri: str) -> str:
    """The URI as messages show it: without a password."""
    return _ANY_USER.sub("***@", uri)


def without_user(uri: str) -> str:
    """The URI without user name and password."""
    return _USER.sub("", uri)


def check_kind(uri: str) -> None:
    """Raise Unavailable for a store of plain files, which MLflow itself has given up."""
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file") and not uri.startswith("databricks"):
        raise Unavailable(
            f"the MLflow store must be a database or a server, got the folder {uri!r}; set MLFLOW_TRACKING_URI to "
            "another, or move it: mlflow migrate-filestore --source mlruns --target sqlite:///mlflow.db"
        )
