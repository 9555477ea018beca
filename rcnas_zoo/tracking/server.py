"""Whether an MLflow server answers, asked before MLflow does: it would go on trying for minutes."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.uris import shown, without_user

ANSWER_SECONDS = 4.0
"""How long a server may take to say that it is there."""


def check_server(uri: str) -> None:
    """Raise Unavailable unless the server at an http(s) URI answers; a refusal (such as 401 or 404) is an answer."""
    health = f"{without_user(uri).rstrip('/')}/health"
    try:
        urlopen(health, timeout=ANSWER_SECONDS).close()  # noqa: S310 (callers pass http or https)
    except HTTPError as error:
        error.close()
        if error.code >= 500:
            raise _silent(uri, f"{error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _silent(uri, getattr(error, "reason", None) or error) from error


def _silent(uri: str, reason: object) -> Unavailable:
    return Unavailable(
        f"the MLflow server {shown(uri)} must answer, got: {reason}; start it, or set MLFLOW_TRACKING_URI "
        "(MLFLOW_REGISTRY_URI) to another store"
    )
