"""Trials between Optuna's records and ours."""

from collections.abc import Mapping
from typing import Any

from rcnas_zoo.baselines.studies.records import ENDS, FAILED, SCORED, STOPPED, TrialRecord
from rcnas_zoo.spec.canonical import (
    canonical_json,
    check_choice,
    check_fields,
    check_integer,
    check_mapping,
    check_number,
    check_text,
)
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput

END_ATTRIBUTE = "rcnas.end"
_STATES = {SCORED: "COMPLETE", STOPPED: "PRUNED", FAILED: "FAIL"}


def store_end(optuna: Any, storage: Any, trial_id: int, record: TrialRecord) -> None:
    """Write the end of a trial into Optuna's storage; its state comes last and makes the rest count.

    Raises:
        InvalidInput: the payload is no plain finite JSON data.
    """
    end = {"end": record.end, "payload": dict(record.payload), "why": record.why, "seconds": record.seconds}
    canonical_json(end)
    storage.set_trial_user_attr(trial_id, END_ATTRIBUTE, end)
    state = optuna.trial.TrialState[_STATES[record.end]]
    storage.set_trial_state_values(trial_id, state, list(record.values) or None)


def stored_record(trial: Any, directions: int) -> TrialRecord:
    """A trial that has ended, as it stands in the storage.

    Raises:
        IntegrityError: it is not as we write it.
    """
    try:
        return _record(trial, directions)
    except InvalidInput as error:
        raise IntegrityError(
            f"trial {trial.number} of the study must be as rcnas-zoo wrote it: {error}; use another storage"
        ) from error


def _record(trial: Any, directions: int) -> TrialRecord:
    end = check_fields(trial.user_attrs.get(END_ATTRIBUTE), "its end", ["end", "payload", "why", "seconds"])
    kind = check_choice("its end", end["end"], ENDS)
    if trial.state.name != _STATES[kind]:
        raise InvalidInput(f"its state must be {_STATES[kind]}, got {trial.state.name}")
    return TrialRecord(
        number=check_integer("its number", trial.number, 0),
        end=kind,
        parameters=dict(trial.params),
        values=_values(trial.values, directions if kind == SCORED else 0),
        reports=_reports(trial.intermediate_values),
        payload=dict(check_mapping("its payload", end["payload"])),
        why=check_text("its reason", end["why"]),
        seconds=check_number("its seconds", end["seconds"], 0),
    )


def _values(values: Any, count: int) -> tuple[float, ...]:
    found = tuple(check_number("a value", value, float("-inf")) for value in values or ())
    if len(found) != count:
        raise InvalidInput(f"it must have {count} values, got {len(found)}")
    return found


def _reports(reports: Mapping[int, float]) -> dict[int, float]:
    return {step: check_number("a report", reports[step], 0, 1) for step in sorted(reports)}
