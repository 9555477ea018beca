"""Finding a plan's study in its storage, or making it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rcnas_zoo.baselines.studies.book import Book
from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.storage import opened
from rcnas_zoo.execution.locks import waited
from rcnas_zoo.spec.errors import IntegrityError, Unavailable
from rcnas_zoo.spec.quiet_optuna import quiet_optuna

PLAN_ATTRIBUTE = "rcnas.plan"
HOME_ATTRIBUTE = "rcnas.home"


@contextmanager
def opened_book(plan: StudyPlan) -> Iterator[Book]:
    """Within: the study of a plan, made if it is not in the storage.

    Raises:
        IntegrityError: the storage is damaged, or holds a study of this name that follows another plan.
        Unavailable: the storage cannot be used, or is a server's that processes with other caches share.
    """
    address = plan.address
    with opened(address) as storage:
        with waited(address.leases, "claims"):
            study_id = _study(plan, storage)
            if address.is_server:
                check_home(plan, storage, study_id)
        yield Book(plan, storage, study_id)


def _study(plan: StudyPlan, storage: Any) -> int:
    try:
        study_id: int = storage.get_study_id_from_name(plan.name)
    except KeyError:
        study_id = _new_study(plan, storage)
    else:
        found = storage.get_study_user_attrs(study_id).get(PLAN_ATTRIBUTE)
        # A process that was killed between the two steps has left a study without a plan and without trials.
        if found is not None or storage.get_all_trials(study_id):
            _check_plan(plan, found)
            return study_id
    with quiet_optuna() as optuna:
        note = {"digest": plan.digest, **plan.identity, "optuna": optuna.__version__}
    storage.set_study_user_attr(study_id, PLAN_ATTRIBUTE, note)
    return study_id


def _new_study(plan: StudyPlan, storage: Any) -> int:
    with quiet_optuna() as optuna:
        directions = [optuna.study.StudyDirection[direction.upper()] for direction in plan.directions]
        study_id: int = storage.create_new_study(directions, plan.name)
    return study_id


def _check_plan(plan: StudyPlan, found: Any) -> None:
    before = found if isinstance(found, dict) else {}
    if before.get("digest") != plan.digest:
        differs = [name for name, value in plan.identity.items() if before.get(name) != value]
        raise IntegrityError(
            f"the study {plan.name!r} in {plan.address.shown} must follow this plan, but it has another "
            f"{' and '.join(differs)}; use another name or storage"
        )


def check_home(plan: StudyPlan, storage: Any, study_id: int) -> None:
    """Raise Unavailable for a study whose other processes have their locks elsewhere: they could not see ours."""
    home = _home(plan.address.leases.parent)
    found = storage.get_study_user_attrs(study_id).get(HOME_ATTRIBUTE)
    if found is None:
        storage.set_study_user_attr(study_id, HOME_ATTRIBUTE, home)
    elif found != home:
        raise Unavailable(
            f"the processes of a study must share the folder of its locks, but those of {plan.name!r} are in {found}, "
            f"and here in {home}; set RCNAS_CACHE to one folder that all machines share, or use another storage"
        )


def _home(folder: Path) -> str:
    """Where a folder was first seen from: the same for all that share it, also under other names."""
    file = folder / "home"
    with waited(folder, "home"):
        if not file.exists():
            file.write_text(f"{socket.gethostname()}:{folder}")
        return file.read_text()
