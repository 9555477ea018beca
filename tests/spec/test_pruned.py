import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.pruned import KeptChannels, KeptWeights, PrunedSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .refusals import checked
from .strategies import JSON, SPECS, damaged

BASE = ResidualSpec(InputSpec((1, 8, 8)), 10, (StageSpec(1, 8), StageSpec(1, 16, stride=2)))
MASK = "0123456789abcdef" * 4
WEIGHTS = PrunedSpec.of(BASE, KeptWeights((("stem", 40), ("classifier", 16)), MASK))
CHANNELS = PrunedSpec.of(BASE, KeptChannels((("stem", 4), ("stages.0.0.conv1", 3))))

NAMES = st.from_regex(r"[a-z0-9_]+(\.[a-z0-9_]+){0,2}", fullmatch=True)
LAYERS = st.dictionaries(NAMES, st.integers(1, 10**6), min_size=1, max_size=4).map(lambda found: tuple(found.items()))
KEPT = st.builds(KeptChannels, LAYERS) | st.builds(
    KeptWeights, LAYERS, st.text("0123456789abcdef", min_size=64, max_size=64)
)


def changed(spec, **fields):
    return {**spec.to_dict(), **fields}


def test_the_text_and_digest_of_a_pruned_spec_never_change():
    assert json.loads(WEIGHTS.to_json()) == {
        "kind": "pruned",
        "format": 1,
        "input": BASE.input.to_dict(),
        "classes": 10,
        "base": BASE.to_dict(),
        "kept": {"weights": {"classifier": 16, "stem": 40}, "mask": MASK},
    }
    assert CHANNELS.to_dict()["kept"] == {"channels": {"stages.0.0.conv1": 3, "stem": 4}}
    assert WEIGHTS.digest == "7af76e35d37b757f7e634cf04d832bc37c4b4837680b76ee01b5a08fbe178451"
    assert CHANNELS.digest == "379a78793206c4832b8975741cc08dca46abfe7653cc36c8f9dae13d5ba08943"


@given(SPECS, KEPT)
def test_a_pruned_spec_written_out_reads_back_equal_with_the_same_digest(base, kept):
    spec = PrunedSpec.of(base, kept)
    again = NetworkSpec.from_json(spec.to_json())
    assert again == spec
    assert (again.digest, hash(again)) == (spec.digest, hash(spec))


def test_layers_are_the_same_in_any_order():
    assert KeptChannels((("b", 1), ("a", 2))) == KeptChannels((("a", 2), ("b", 1)))


@given(damaged(WEIGHTS.to_dict()) | damaged(CHANNELS.to_dict()))
def test_damaged_data_is_refused_in_one_line_or_read_as_it_stands(data):
    try:
        spec = NetworkSpec.from_dict(data)
    except InvalidInput as error:
        checked(error)
    else:
        assert spec.to_dict() == data


@given(JSON)
def test_what_is_kept_is_never_taken_from_anything(data):
    with pytest.raises(InvalidInput):
        NetworkSpec.from_dict(changed(WEIGHTS, kept=data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(WEIGHTS, base=WEIGHTS.to_dict()), "must not be pruned itself"),
        (changed(WEIGHTS, classes=11), "input and classes of its base"),
        (changed(WEIGHTS, kept={"weights": {}, "mask": MASK}), "at least one layer"),
        (changed(WEIGHTS, kept={"weights": {"stem": 3}, "mask": "0" * 63}), "sha256"),
        (changed(WEIGHTS, kept={"weights": {"../stem": 3}, "mask": MASK}), "words joined by dots"),
        (changed(WEIGHTS, kept={"weights": {"stem": -1}, "mask": MASK}), "at least 0"),
        (changed(CHANNELS, kept={"channels": {"stem": 0}}), "at least 1"),
        (changed(CHANNELS, kept={"channels": {"stem": True}}), "whole number"),
        (changed(CHANNELS, kept={"channels": {"stem": 1}, "mask": MASK}), "no field 'mask'"),
    ],
)
def test_what_cannot_be_is_refused(data, words):
    with pytest.raises(InvalidInput, match=words):
        NetworkSpec.from_dict(data)


def test_a_pruned_spec_is_made_of_no_pruned_one():
    with pytest.raises(InvalidInput, match="must not be pruned itself"):
        PrunedSpec.of(CHANNELS, CHANNELS.kept)
    with pytest.raises(InvalidInput, match="input and classes"):
        replace(CHANNELS, classes=3)
