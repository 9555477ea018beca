import pytest
from hypothesis import given

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .refusals import checked, refusal
from .strategies import SPECS, STAGES

DIGITS = InputSpec((1, 8, 8))
STAGE = StageSpec(1, 16)


@pytest.mark.parametrize(("block", "channels"), [("basic", 24), ("robust", 96)])
def test_a_robust_stage_puts_out_four_times_its_width(block, channels):
    assert StageSpec(1, 24, block=block).output_channels == channels


@given(STAGES)
def test_a_stage_written_out_reads_back_equal(stage):
    assert StageSpec.from_dict(stage.to_dict()) == stage


@given(SPECS)
def test_the_body_of_a_spec_makes_the_spec_again(spec):
    assert ResidualSpec.from_body(spec.input, spec.classes, spec.body()) == spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depth": 0}, "the depth of a stage must be at least 1 and at most 1024, got 0"),
        ({"depth": 1025}, "the depth of a stage must be at least 1 and at most 1024, got 1025"),
        ({"depth": 1.0}, "the depth of a stage must be a whole number, got 1.0"),
        ({"width": 0}, "the width of a stage must be at least 1"),
        ({"width": 16385}, "the width of a stage must be at least 1 and at most 16384, got 16385"),
        ({"width": 15, "block": "robust"}, "the width of a robust stage must be at least 16, got 15"),
        ({"stride": 3}, "the stride of a stage must be at least 1 and at most 2, got 3"),
        ({"block": "rboust"}, "the block of a stage must be one of basic, robust, got 'rboust' .did you mean 'robust'"),
    ],
)
def test_a_stage_outside_its_range_is_refused(fields, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        StageSpec(**{"depth": 1, "width": 16, **fields})
    checked(caught.value)


def test_a_robust_stage_may_be_sixteen_wide():
    assert StageSpec(1, 16, block="robust").output_channels == 64


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": 1}, "the number of classes must be at least 2"),
        ({"classes": "10"}, "the number of classes must be a whole number, got '10'"),
        ({"stages": ()}, "a residual spec must have 1 to 16 stages, got 0"),
        ({"stages": (STAGE,) * 17}, "a residual spec must have 1 to 16 stages, got 17"),
        ({"stem_width": 0}, "the stem width must be at least 1"),
        ({"stem_stride": 0}, "the stem stride must be at least 1 and at most 2, got 0"),
        ({"activation": "gelu"}, "the activation must be one of relu, silu, got 'gelu'"),
    ],
)
def test_a_spec_outside_its_range_is_refused(fields, message):
    assert refusal(ResidualSpec, **{"input": DIGITS, "classes": 10, "stages": (STAGE,), **fields}).startswith(message)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ({"depth": 1, "width": 16, "stride": 1}, "a stage must have the field 'block'"),
        ({**STAGE.to_dict(), "kernel": 3}, "a stage has no field 'kernel'; it has depth, width, stride, block"),
        ([1, 16], "a stage must be a JSON object, got [1, 16]"),
    ],
)
def test_a_malformed_stage_is_refused(stage, message):
    body = {**ResidualSpec(DIGITS, 10, (STAGE,)).body(), "stages": [stage]}
    assert refusal(ResidualSpec.from_body, DIGITS, 10, body).startswith(message)


def test_stages_given_as_a_list_make_the_same_hashable_spec():
    assert hash(ResidualSpec(DIGITS, 10, [STAGE])) == hash(ResidualSpec(DIGITS, 10, (STAGE,)))
