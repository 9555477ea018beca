from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.zoo.sanity import check_measurements


def refused(record, *measured):
    with pytest.raises(IntegrityError, match="measured numbers must agree with one another, but ") as caught:
        check_measurements(replace(record, measured=measured))
    return str(caught.value)


@given(st.data())
def test_whatever_verdicts_give_is_sane(tiny_record, tiny_measurement, data):
    samples = data.draw(st.integers(1, 40))
    verdicts = st.lists(st.booleans(), min_size=samples, max_size=samples)
    clean, pgd, others = (data.draw(verdicts) for _ in range(3))
    pgd = [a and b for a, b in zip(clean, pgd, strict=True)]
    auto = [a and b for a, b in zip(pgd, others, strict=True)]
    found = Measurement(
        **{
            **{
                name: getattr(tiny_measurement, name)
                for name in ("dataset", "split", "data_digest", "threat", "settings")
            },
            "samples": samples,
            "seed": 0,
            "clean_accuracy": sum(clean) / samples,
            "attacks": {"pgd-20": sum(pgd) / samples, "autoattack": sum(auto) / samples},
            "robust_accuracy": sum(auto) / samples,
            "interval": wilson(sum(auto), samples),
        }
    )
    check_measurements(replace(tiny_record, measured=(found,)))


def test_a_record_without_measurements_is_sane(tiny_record):
    check_measurements(replace(tiny_record, measured=()))


def test_an_interval_must_hold_its_accuracy(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, interval=(0.6, 0.7)))
    assert "the robust accuracy 0.5 lies outside its interval [0.6, 0.7]" in message


def test_the_worst_case_is_no_better_than_any_attack(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, attacks={"pgd-20": 0.25}))
    assert "the robust accuracy 0.5 is above the accuracy under pgd-20, 0.25" in message


def test_the_worst_case_is_no_better_than_clean(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, clean_accuracy=0.25, attacks={}))
    assert "the robust accuracy 0.5 is above the accuracy under clean, 0.25" in message


def test_an_accuracy_is_a_share_of_the_images(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, clean_accuracy=0.951))
    assert "the clean accuracy 0.951 is no share of 360 images" in message


def test_a_number_without_settings_is_no_measurement(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, settings={"autoattack": {}}))
    assert "the settings of pgd-20 are not recorded" in message


def test_autoattack_far_behind_a_weaker_attack_is_refused(tiny_record, tiny_measurement):
    attacks = {"pgd-20": 180 / 360, "autoattack": 190 / 360}
    message = refused(tiny_record, replace(tiny_measurement, attacks=attacks))
    assert f"autoattack leaves {190 / 360} where the weaker pgd-20 leaves 0.5" in message


def test_autoattack_a_few_images_behind_is_taken(tiny_record, tiny_measurement):
    attacks = {"pgd-20": 180 / 360, "autoattack": 183 / 360}
    check_measurements(replace(tiny_record, measured=(replace(tiny_measurement, attacks=attacks),)))


@pytest.mark.parametrize(
    ("changes", "same"), [({}, True), ({"data_digest": "e" * 64}, False), ({"threat": "linf@2/5"}, False)]
)
def test_measurements_are_compared_on_the_same_images_and_threat_only(tiny_record, tiny_measurement, changes, same):
    weaker = replace(
        tiny_measurement, attacks={"pgd-20": 90 / 360}, robust_accuracy=90 / 360, interval=(0.2, 0.3), **changes
    )
    if same:
        assert "autoattack leaves 0.5 where the weaker pgd-20 leaves 0.25" in refused(
            tiny_record, tiny_measurement, weaker
        )
    else:
        check_measurements(replace(tiny_record, measured=(tiny_measurement, weaker)))


def test_every_contradiction_is_named_at_once(tiny_record, tiny_measurement):
    message = refused(tiny_record, replace(tiny_measurement, interval=(0.6, 0.7), settings={}))
    assert message.count("; ") == 2
