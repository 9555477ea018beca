import json
from dataclasses import replace

import pytest

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.listing import Listing, select


def row(**changes) -> Listing:
    values = {
        "name": "robust-2m",
        "version": 3,
        "dataset": "digits",
        "macs": 2_000_000,
        "parameters": 70_000,
        "threat": "linf@1/5",
        "clean_accuracy": 0.95,
        "robust_accuracy": 0.5,
        "source": "registry",
        "weights": True,
    }
    return Listing(**{**values, **changes})


def test_the_row_of_an_entry_shows_its_first_measurement(entry_folder, tiny_measurement):
    record = read_entry(entry_folder).record
    second = replace(tiny_measurement, dataset="other", robust_accuracy=0.25)
    assert Listing.of(replace(record, measured=(tiny_measurement, second)), "registry", 2) == Listing(
        name="tiny",
        version=2,
        dataset="digits",
        macs=record.macs,
        parameters=record.parameters,
        threat="linf@1/5",
        clean_accuracy=0.95,
        robust_accuracy=0.5,
        source="registry",
        weights=True,
    )


def test_data_set_and_threat_are_those_of_the_numbers_beside_them(tiny_record, tiny_measurement):
    elsewhere = replace(tiny_measurement, dataset="svhn", threat="linf@0.1")
    found = Listing.of(replace(tiny_record, measured=(elsewhere,)), "registry")
    assert (found.dataset, found.threat) == ("svhn", "linf@1/10")


def test_the_row_of_an_architecture_has_no_accuracies(architecture_folder):
    found = Listing.of(read_entry(architecture_folder).record, "catalogue")
    assert (found.version, found.dataset, found.threat, found.weights) == (None, "", "", False)
    assert (found.clean_accuracy, found.robust_accuracy) == (None, None)


def test_a_row_is_json_with_the_fields_of_list_json_in_their_order():
    fields = "name version dataset macs parameters threat clean_accuracy robust_accuracy source weights"
    fields += " nominal_macs"
    assert list(json.loads(json.dumps(row().to_dict()))) == fields.split()
    assert Listing.from_dict(row().to_dict()) == row()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "../x", "a zoo name must be"),
        ("version", 0, "the version of a listing must be at least 1"),
        ("macs", 1.5, "the MACs of a listing must be a whole number"),
        ("parameters", True, "the parameters of a listing must be a whole number"),
        ("threat", "linf@2", "the radius of a threat"),
        ("clean_accuracy", 95, r"an accuracy of a listing must be a finite number in \[0, 1\], got 95"),
        ("robust_accuracy", "0.5", "an accuracy of a listing must be a number"),
        ("dataset", None, "the data set of a listing must be a text"),
        ("source", "elsewhere", "the source of a listing must be one of registry, catalogue"),
        ("weights", 1, "the weights of a listing must be true or false"),
    ],
)
def test_a_malformed_row_is_refused(field, value, message):
    with pytest.raises(InvalidInput, match=message):
        Listing.from_dict({**row().to_dict(), field: value})


def test_unknown_fields_of_a_row_are_refused():
    with pytest.raises(InvalidInput, match="a listing has no field 'stars'"):
        Listing.from_dict({**row().to_dict(), "stars": 5})


SMALL, LARGE = row(), row(name="large", macs=5_000_000_000, dataset="cifar10", threat="linf@8/255", robust_accuracy=0.6)
BARE = row(name="bare", clean_accuracy=None, robust_accuracy=None, dataset="", threat="", weights=False)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [SMALL, LARGE, BARE]),
        ({"dataset": "cifar10"}, [LARGE]),
        ({"max_macs": 2_000_000}, [SMALL, BARE]),
        ({"max_macs": 1_999_999}, []),
        ({"min_robust": 0.0}, [SMALL, LARGE]),
        ({"min_robust": 0.5}, [SMALL, LARGE]),
        ({"min_robust": 0.51}, [LARGE]),
        ({"threat": ThreatModel.parse("linf@0.2")}, [SMALL]),
        ({"threat": ThreatModel.parse("l2@1/5")}, []),
        ({"dataset": "digits", "min_robust": 0.6}, []),
    ],
)
def test_rows_are_selected_by_every_condition_given(conditions, expected):
    assert select([SMALL, LARGE, BARE], **conditions) == expected


def test_nominal_macs_are_the_macs_unless_weights_were_pruned(tiny_record):
    assert Listing.of(tiny_record, "catalogue").nominal_macs == tiny_record.macs
    pruned = replace(tiny_record, macs=70, nominal_macs=700, nominal_parameters=900)
    assert Listing.of(pruned, "catalogue").nominal_macs == 700
    old = {name: value for name, value in row().to_dict().items() if name != "nominal_macs"}
    assert Listing.from_dict(old) == row()
