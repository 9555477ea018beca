import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Claim, Measurement, Record

from .refusals import checked, refusal
from .strategies import CLAIMS, JSON, MEASUREMENTS, RECORDS, damaged

CLAIM = Claim("arXiv:2212.11005, table 1", "cifar10", "linf@8/255", {"clean": 0.85, "autoattack": 0.57})
MEASUREMENT = Measurement(
    dataset="digits",
    split="test",
    data_digest="d" * 64,
    threat="linf@1/5",
    samples=360,
    seed=0,
    clean_accuracy=0.95,
    attacks={"pgd-20": 0.5},
    settings={"pgd-20": {"steps": 20, "step_size": "1/20"}},
    robust_accuracy=0.5,
    interval=(0.45, 0.55),
    flags=("few images",),
)
RECORD = Record(
    name="robust-2m",
    made_by="the tests",
    licence="MIT",
    created="2026-01-31",
    spec_digest="a" * 64,
    parameters=1000,
    macs=2_000_000,
    dataset="digits",
    threat="linf@1/5",
    recipe=TrainingRecipe(epochs=2),
    claimed=(CLAIM,),
    measured=(MEASUREMENT,),
    lineage={"seed": 0, "parents": [1, {"name": "x"}]},
    files={"spec.json": "b" * 64},
)
VALID = json.loads(RECORD.to_json())


def test_a_record_keeps_claimed_and_measured_accuracies_apart():
    data = json.loads(RECORD.to_json())
    assert [claim["accuracies"] for claim in data["claimed"]] == [{"clean": 0.85, "autoattack": 0.57}]
    assert [measured["attacks"] for measured in data["measured"]] == [{"pgd-20": 0.5}]


@given(RECORDS)
def test_a_record_written_out_reads_back_equal(record):
    assert Record.from_json(record.to_json()) == record


def test_a_record_with_nothing_new_to_say_of_its_weights_reads_as_in_the_first_release():
    assert not {name for name in VALID if name.startswith(("weights", "nominal"))}
    told = {"weights_dtype": "float16", "weights_url": "https://example.org/a?b=c", "weights_size": 5}
    assert json.loads(replace(RECORD, **told).to_json()) == {**VALID, **told}
    silent = {"weights_dtype": "float32", "weights_url": "", "weights_size": 0}
    assert Record.from_dict({**VALID, **silent}) == RECORD


@given(CLAIMS)
def test_a_claim_written_out_reads_back_equal(claim):
    assert Claim.from_dict(json.loads(json.dumps(vars(claim)))) == claim


@given(MEASUREMENTS)
def test_a_measurement_written_out_reads_back_equal(measurement):
    assert Measurement.from_dict(json.loads(json.dumps(vars(measurement)))) == measurement


def test_an_architecture_alone_needs_neither_data_set_nor_recipe():
    bare = Record("wrn-28-10", "us", "MIT", "2026-01-31", "a" * 64, 36_479_194, 5_243_284_480)
    assert Record.from_json(bare.to_json()) == bare
    assert (bare.recipe, bare.measured, bare.dataset) == (None, (), "")


@given(JSON.map(json.dumps) | damaged(VALID).map(json.dumps) | st.text())
def test_any_text_is_a_record_or_is_refused(text):
    try:
        record = Record.from_json(text)
    except InvalidInput as error:
        checked(error)
    else:
        assert Record.from_json(record.to_json()) == record


@pytest.mark.parametrize("text", ['{"lineage":{"rate":NaN}}', '{"lineage":{"rate":1e999}}'])
def test_a_number_that_could_not_be_written_again_is_not_read(text):
    assert "is not a finite number" in refusal(Record.from_json, text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": 2}, "the format of a record must be at least 1 and at most 1, got 2"),
        ({"name": 5}, "the name of a record must be a text, got 5"),
        ({"licence": None}, "the licence of a record must be a text, got None"),
        ({"parameters": 0}, "the parameters of a record must be at least 1, got 0"),
        ({"macs": 1.5}, "the MACs of a record must be a whole number, got 1.5"),
        ({"threat": "8"}, "the radius of a threat must be .*; write 8/255"),
        ({"recipe": {"epocs": 1}}, "a training recipe has no field 'epocs' .did you mean 'epochs'"),
        ({"recipe": False}, "a training recipe must be a JSON object, got False"),
        ({"claimed": None}, "the claimed of a record must be a list, got None"),
        ({"measured": {}}, r"the measured of a record must be a list, got \{\}"),
        ({"measured": [0.5]}, "a measurement must be a JSON object, got 0.5"),
        ({"lineage": []}, "the lineage of a record must be a JSON object"),
        ({"files": {"../x": ""}}, "a file of a record must be a plain name in its folder, got '../x'"),
        ({"files": {"a\\b": ""}}, "a file of a record must be a plain name"),
        ({"files": {".hidden": ""}}, "a file of a record must be a plain name"),
        ({"files": {"": ""}}, "a file of a record must be a plain name"),
        ({"files": {"card.md": 1}}, "the sha256 of a file must be a text, got 1"),
        ({"weights_dtype": "float64"}, "the weights_dtype of a record must be one of float32, float16, got 'float64'"),
        ({"weights_dtype": None}, "the weights_dtype of a record must be one of float32, float16, got None"),
        ({"weights_size": -1}, "the weights_size of a record must be at least 0, got -1"),
        ({"weights_url": 1}, "the weights_url of a record must be a text, got 1"),
        *(
            ({"weights_url": url}, "the weights_url of a record must be an https address, got '")
            for url in (
                "http://example.org/x",
                "file:///etc/passwd",
                "https://",
                "https://example.org",
                "https://me@example.org/x",
                "https://example.org/x\n",
                "https://example.org/a b",
                "https://ex\u00e4mple.org/x",
            )
        ),
        ({"autor": "x"}, "a record has no field 'autor'; it has name, made_by"),
        ({"licens": "MIT"}, "a record has no field 'licens' .did you mean 'licence'"),
    ],
)
def test_a_malformed_record_is_refused(fields, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        Record.from_dict({**VALID, **fields})
    checked(caught.value)


def test_a_record_without_a_required_field_is_refused():
    absent = {name: value for name, value in VALID.items() if name != "licence"}
    assert "a record must have the field 'licence'" in refusal(Record.from_dict, absent)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"samples": 0}, "the samples of a measurement must be at least 1, got 0"),
        ({"seed": -1}, "the seed of a measurement must be at least 0, got -1"),
        ({"split": 1}, "the split of a measurement must be a text, got 1"),
        ({"threat": "linf@2"}, "the radius of a threat must be"),
        ({"clean_accuracy": 95}, r"the accuracy under clean must be a finite number in \[0, 1\], got 95"),
        ({"attacks": {"pgd": 0.5}}, "an attack pgd must name its steps"),
        ({"attacks": {"pgd-20": -0.1}}, "the accuracy under pgd-20 must be a finite number"),
        ({"attacks": 0.5}, "the attacks of a measurement must be a JSON object, got 0.5"),
        ({"settings": []}, "the settings of a measurement must be a JSON object"),
        ({"settings": {"pgd-20": 20}}, "the settings of an attack must be a JSON object, got 20"),
        ({"robust_accuracy": None}, "a robust accuracy must be a number, got None"),
        ({"interval": (0.1,)}, "interval must have 2 elements"),
        ({"interval": (0.1, 1.2)}, "an interval end must be a finite number"),
        ({"flags": "few images"}, "the flags of a measurement must be a list, got 'few images'"),
        ({"flags": (1,)}, "a flag must be a text, got 1"),
    ],
)
def test_a_measurement_outside_its_range_is_refused(fields, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        replace(MEASUREMENT, **fields)
    checked(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"source": None}, "the source of a claim must be a text, got None"),
        ({"dataset": 10}, "the data set of a claim must be a text, got 10"),
        ({"threat": "linf"}, "the radius of a threat must be .*, got 'linf'"),
        ({"accuracies": [0.5]}, r"accuracies must be a JSON object, got \[0.5\]"),
        ({"accuracies": {"autoatack": 0.5}}, "did you mean 'autoattack'"),
        ({"accuracies": {"clean": 85.0}}, "the accuracy under clean must be a finite number"),
    ],
)
def test_a_claim_outside_its_range_is_refused(fields, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        replace(CLAIM, **fields)
    checked(caught.value)
