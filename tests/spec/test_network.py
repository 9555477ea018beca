import json
import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec, network_kind, network_kinds
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .refusals import checked, refusal
from .strategies import INPUTS, JSON, NETWORKS, damaged

CIFAR = InputSpec((3, 32, 32))
WRN_28_10 = ResidualSpec(CIFAR, 10, (StageSpec(4, 160), StageSpec(4, 320, stride=2), StageSpec(4, 640, stride=2)))
GREY_MIX = ResidualSpec(
    InputSpec((1, 28, 28), -1.0, 1.0),
    7,
    (StageSpec(2, 16, block="robust"), StageSpec(1, 24, stride=2)),
    stem_width=12,
    stem_stride=2,
    activation="silu",
)
VALID = GREY_MIX.to_dict()


def changed(**fields):
    return {**VALID, **fields}


def test_the_text_of_a_spec_never_changes():
    assert GREY_MIX.to_json() == (
        '{"activation":"silu","classes":7,"format":1,"input":{"kind":"image","range":[-1.0,1.0],"shape":[1,28,28]},'
        '"kind":"residual","stages":[{"block":"robust","depth":2,"stride":1,"width":16},'
        '{"block":"basic","depth":1,"stride":2,"width":24}],"stem_stride":2,"stem_width":12}'
    )


@pytest.mark.parametrize(
    ("spec", "digest"),
    [
        (WRN_28_10, "bf442c2fc17617d5d1b763c293c8ea618e6207abd9a730a04c76b3c52cd69159"),
        (GREY_MIX, "8e8d1a74e5b2cd8b874f005224e8b8e4e7663ef29c9c2e77cd7519a89a217018"),
    ],
)
def test_the_digest_of_a_spec_never_changes(spec, digest):
    assert spec.digest == digest
    assert sha256(spec.to_json().encode()).hexdigest() == digest


@given(NETWORKS)
def test_a_spec_written_out_reads_back_equal_with_the_same_digest(spec):
    again = NetworkSpec.from_json(spec.to_json())
    assert again == spec
    assert again.digest == spec.digest


@given(NETWORKS)
def test_the_digest_does_not_depend_on_how_the_json_is_written(spec):
    loose = json.dumps(dict(reversed(spec.to_dict().items())), indent=2)
    assert NetworkSpec.from_json(loose).digest == spec.digest


@given(NETWORKS, NETWORKS)
def test_specs_have_equal_digests_exactly_when_they_are_equal(one, other):
    assert (one.digest == other.digest) == (one == other)


def test_equal_ranges_have_equal_digests_however_they_are_written():
    ranges = [(0, 1), (0.0, 1.0), (-0.0, True + 0.0)]
    assert len({ResidualSpec(InputSpec((1, 8, 8), *ends), 2, (StageSpec(1, 1),)).digest for ends in ranges}) == 1


@given(JSON.map(json.dumps) | damaged(VALID).map(json.dumps) | st.text())
def test_any_text_is_a_spec_or_is_refused(text):
    try:
        spec = NetworkSpec.from_json(text)
    except InvalidInput as error:
        checked(error)
    else:
        assert NetworkSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], r"a network spec must be a JSON object, got \[\]"),
        ({}, r"a network spec must have the field 'kind', got \[\]"),
        (
            {"kind": "residual", "format": 1, "input": {}},
            "must have the field 'classes', got .'format', 'input', 'kind'.",
        ),
        (
            changed(kind="residua"),
            "the kind of a network spec must be .*residual.*, got 'residua' .did you mean 'residual'",
        ),
        (changed(kind=["residual"]), r"the kind of a network spec must be .*, got \['residual'\]"),
        (changed(format=2), "the format of a network spec must be at least 1 and at most 1, got 2"),
        (changed(format=True), "the format of a network spec must be a whole number, got True"),
        (
            changed(stem_widht=3),
            r"has no field 'stem_widht' \(did you mean 'stem_width'\?\); it has stages, stem_width",
        ),
        (changed(input={"kind": "text", "shape": [1, 8, 8], "range": [0, 1]}), "must be one of image, got 'text'"),
        (
            changed(input={"kind": "image", "shape": [1, 8, 8]}),
            "the input of a network spec must have the field 'range'",
        ),
        (changed(input={"kind": "image", "shape": [1, 8, 8], "range": [0, 1, 2]}), "range must have 2 elements"),
    ],
)
def test_malformed_data_is_refused(data, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        NetworkSpec.from_dict(data)
    checked(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((8, 8),), "the input shape must have 3 elements, got (8, 8)"),
        (((1, 8, 0),), "an input side must be at least 1 and at most 4096, got 0"),
        (((1, 8, 8.0),), "an input side must be a whole number, got 8.0"),
        (((1, 8, 8), 1.0, 1.0), "the input range must be [low, high], got [1.0, 1.0]"),
        (((1, 8, 8), "0", 1.0), "the lower input value must be a number, got '0'"),
        (
            ((1, 8, 8), 0.0, float("inf")),
            "the upper input value must be a finite number in [-1000000000.0, 1000000000.0]",
        ),
    ],
)
def test_a_malformed_input_is_refused(arguments, message):
    assert refusal(InputSpec, *arguments).startswith(message)


@given(INPUTS)
def test_an_input_written_out_reads_back_equal(given_input):
    assert InputSpec.from_dict(given_input.to_dict()) == given_input


def test_a_kind_is_registered_once():
    class Impostor(ResidualSpec):
        pass

    assert "the network kind 'residual' is registered already" in refusal(network_kind, Impostor)
    assert {"cells", "residual"} <= set(network_kinds())


def test_the_kinds_are_known_to_those_who_import_only_the_base():
    program = "from rcnas_zoo.spec.network import network_kinds; print(*network_kinds())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"cells", "residual"} <= set(result.stdout.split())
