import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.zoo.seal import open_sealed, seal

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def sealed(data: dict) -> bytes:
    """Any data with a right seal, made without `seal`, which takes proper records only."""
    data = {**data, "files": {name: value for name, value in data["files"].items() if name != "record.json"}}
    return canonical_json({**data, "files": {**data["files"], "record.json": digest(data)}}).encode()


@given(st.dictionaries(st.text(), JSON, max_size=3), st.text())
def test_what_is_sealed_opens_to_itself(tiny_record, lineage, made_by):
    record = seal(replace(tiny_record, lineage=lineage, made_by=made_by))
    assert open_sealed(record.to_json().encode()) == record


def test_sealing_twice_changes_nothing(tiny_record):
    assert seal(seal(tiny_record)) == seal(tiny_record)


def test_every_single_changed_byte_is_noticed(tiny_record):
    content = seal(tiny_record).to_json().encode()
    for position in range(len(content)):
        # 0x20 turns 1e-05 into 1E-05 and \u00e9 into \u00E9: the same value in another spelling.
        changed = bytearray(content)
        changed[position] ^= 0x20 if position % 2 else 0x01
        with pytest.raises(IntegrityError):
            open_sealed(bytes(changed))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"files":null}',
        b'{"files":[]}',
        b'{"files":{}}',
        b"[" * 100_000,
        b'{"a":1e999}',
    ],
)
def test_malformed_content_is_damage(content):
    with pytest.raises(IntegrityError, match=r"record\.json must"):
        open_sealed(content)


def test_a_reformatted_record_is_refused(tiny_record):
    pretty = json.dumps(seal(tiny_record).to_dict(), indent=2).encode()
    with pytest.raises(IntegrityError, match="must match its own digest under files, but it was changed"):
        open_sealed(pretty)


def test_a_sealed_record_of_unknown_content_is_invalid_not_damaged(tiny_record):
    data = {**tiny_record.to_dict(), "colour": "red"}
    with pytest.raises(InvalidInput, match="a record has no field 'colour'") as caught:
        open_sealed(sealed(data))
    assert not isinstance(caught.value, IntegrityError)


def test_a_seal_holds_although_a_later_version_knows_more_fields(tiny_record):
    data = tiny_record.to_dict()
    del data["lineage"]  # stands for a field that did not exist when the record was sealed
    assert open_sealed(sealed(data)).lineage == {}
