import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.zoo.listing import Listing
from rcnas_zoo.zoo.versions import dataset_alias, listing_of, version_tags, why_kept


def tags(record):
    return version_tags("robust-2m", record, "a" * 64)


def measured(record, **changes):
    first, *others = record.measured
    return replace(record, measured=(replace(first, **changes), *others))


def test_the_tags_hold_the_hash_and_what_people_search_for(tiny_record):
    found = tags(tiny_record)
    assert found["rcnas.record_sha256"] == "a" * 64
    assert found["rcnas.dataset"] == "digits"
    assert found["rcnas.threat"] == "linf@1/5"
    assert found["rcnas.macs"] == "1"
    assert found["rcnas.robust_accuracy"] == "0.5"


def test_the_tags_give_the_row_of_the_index_back_under_the_registered_name(tiny_record):
    row = replace(Listing.of(tiny_record, "registry", 4), name="robust-2m")
    assert listing_of(tags(tiny_record), 4) == row


def test_what_is_not_known_is_no_tag(tiny_record):
    bare = replace(tiny_record, measured=(), dataset="", threat="")
    assert {"rcnas.dataset", "rcnas.threat", "rcnas.robust_accuracy", "rcnas.conditions"}.isdisjoint(tags(bare))


@pytest.mark.parametrize(
    ("dataset", "threat", "alias"),
    [
        ("digits", "linf@1/5", "digits"),
        ("digits", "linf@1/10", "digits-linf-1-10"),
        ("cifar100", "linf@8/255", "cifar100"),
        ("cifar100", "l2@0.5", "cifar100-l2-1-2"),
        ("npz:/data/My Faces.npz", "linf@8/255", "my-faces"),
        ("npz:/data/v3.npz", "linf@8/255", "data-v3"),
        ("npz:/data/latest.npz", "linf@8/255", "data-latest"),
        ("folder:/data/champion", "linf@8/255", "data-champion"),
        ("", "", None),
    ],
)
def test_the_alias_of_a_data_set(dataset, threat, alias, tiny_record):
    assert dataset_alias(replace(tiny_record, measured=(), dataset=dataset, threat=threat)) == alias


def test_the_headline_decides_about_the_alias_before_the_training_does(tiny_record):
    assert dataset_alias(measured(tiny_record, threat="linf@1/10")) == "digits-linf-1-10"


@given(st.text(min_size=1, max_size=60))
def test_any_file_gives_an_alias_that_mlflow_takes(stem):
    alias = dataset_alias_of(f"npz:/data/{stem}.npz")
    assert re.fullmatch(r"[\w-]+", alias, re.ASCII)
    assert not re.fullmatch(r"v\d+|latest|champion", alias, re.IGNORECASE)


def dataset_alias_of(dataset):
    from rcnas_zoo.spec.record import Record

    return dataset_alias(Record("x", "x", "MIT", "2026-01-01", "", 1, 1, dataset, "linf@8/255"))


def test_a_higher_robust_accuracy_takes_the_alias(tiny_record):
    assert why_kept(tags(measured(tiny_record, robust_accuracy=0.6, seed=1)), tags(tiny_record)) == ""


@pytest.mark.parametrize(("accuracy", "text"), [(0.5, "50.0 %"), (0.4, "40.0 %")])
def test_the_same_or_a_lower_one_does_not(accuracy, text, tiny_record):
    new = tags(measured(tiny_record, robust_accuracy=accuracy))
    assert why_kept(new, tags(tiny_record)) == f"the new robust accuracy {text} is not above 50.0 %"


@pytest.mark.parametrize(
    "changes",
    [
        {"threat": "linf@1/10"},
        {"samples": 100},
        {"data_digest": "e" * 64},
        {"split": "eval"},
        {"dataset": "cifar10"},
        {"attacks": {"pgd-20": 0.9}},
        {"settings": {"pgd-20": {"steps": 10}, "autoattack": {"version": "standard"}}},
    ],
)
def test_numbers_of_other_conditions_are_not_compared(changes, tiny_record):
    new = tags(measured(tiny_record, robust_accuracy=0.9, **changes))
    assert "not measured under the same" in why_kept(new, tags(tiny_record))


def test_without_a_measurement_nothing_is_better(tiny_record):
    bare = tags(replace(tiny_record, measured=()))
    assert why_kept(bare, tags(tiny_record)) == "the new version has no measured robust accuracy"
    assert "not measured under the same" in why_kept(tags(tiny_record), bare)
