from types import SimpleNamespace

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.records import FAILED, SCORED, STOPPED, TrialRecord
from rcnas_zoo.baselines.studies.stored import END_ATTRIBUTE, store_end, stored_record
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
numbers = st.floats(-1e300, 1e300)


@st.composite
def records(draw):
    end = draw(st.sampled_from([SCORED, STOPPED, FAILED]))
    values = (draw(numbers), draw(numbers)) if end == SCORED else ()
    reports = draw(st.dictionaries(st.integers(0, 99), st.floats(0, 1), max_size=3))
    payload = draw(st.dictionaries(st.text(), plain, max_size=3))
    return TrialRecord(0, end, {}, values, reports, payload, draw(st.text()), draw(st.floats(0, 1e9)))


@given(records())
def test_a_record_is_read_as_it_was_written(record):
    storage = optuna.storages.InMemoryStorage()
    study = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE] * 2, "x")
    trial = storage.create_new_trial(study)
    for step, value in record.reports.items():
        storage.set_trial_intermediate_value(trial, step, value)
    store_end(optuna, storage, trial, record)
    assert stored_record(storage.get_trial(trial), 2) == record


def test_a_payload_that_is_no_plain_data_leaves_the_trial_open():
    storage = optuna.storages.InMemoryStorage()
    trial = storage.create_new_trial(storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE], "x"))
    with pytest.raises(InvalidInput, match="plain finite JSON"):
        store_end(optuna, storage, trial, TrialRecord(0, SCORED, {}, (1.0,), {}, {"x": {1}}, "", 0.0))
    assert not storage.get_trial(trial).state.is_finished()


def made(attribute, state="COMPLETE", values=(1.0,), reports=None):
    return SimpleNamespace(
        number=3,
        params={},
        values=values,
        intermediate_values=reports or {},
        state=optuna.trial.TrialState[state],
        user_attrs={END_ATTRIBUTE: attribute},
    )


GOOD = {"end": "scored", "payload": {}, "why": "", "seconds": 1.0}


@pytest.mark.parametrize(
    "trial",
    [
        made(None),
        made({**GOOD, "end": "won"}),
        made({**GOOD, "more": 1}),
        made({**GOOD, "payload": []}),
        made({**GOOD, "why": 3}),
        made({**GOOD, "seconds": -1}),
        made(GOOD, "PRUNED"),
        made(GOOD, values=(1.0, 2.0)),
        made(GOOD, values=None),
        made(GOOD, values=(float("inf"),)),
        made(GOOD, reports={1: 2.0}),
    ],
)
def test_what_we_did_not_write_is_refused(trial):
    with pytest.raises(IntegrityError, match="trial 3 of the study must be as rcnas-zoo wrote it"):
        stored_record(trial, 1)


@given(plain)
def test_any_attribute_is_a_record_or_refused(attribute):
    with pytest.raises(IntegrityError):
        stored_record(made(attribute), 1)
