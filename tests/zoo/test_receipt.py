from dataclasses import replace

import pytest
import torch

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.evaluation.receipts.coarse import Originals
from rcnas_zoo.evaluation.receipts.packing import pack, unpack
from rcnas_zoo.evaluation.receipts.proof import judge
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.receipt import check_receipt
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry

THREAT = ThreatModel.parse("linf@1/5")


@pytest.fixture(scope="module")
def images():
    return load_dataset("digits").test().select(range(80))


@pytest.fixture(scope="module")
def model(tiny_spec):
    return build(tiny_spec, seed=3)


def originals(images):
    return Originals(images.images, images.levels, make_ball(THREAT, 0.0, 1.0))


@pytest.fixture(scope="module")
def proven(model, images):
    """How many images stand, and the receipt of the others."""
    clean, labels = images.floats(), images.labels
    attack = make_attack(AttackName.parse("pgd-10"), THREAT, 10)
    found = attack.perturb(model, clean, labels, torch.Generator().manual_seed(0))
    with torch.no_grad():
        right, stands = (model(points).argmax(1) == labels for points in (clean, found))
    places = (right & ~stands).nonzero().flatten()
    assert len(places) > 3
    return int((right & stands).sum()), pack(originals(images), found[places], places, judge(model, labels))


@pytest.fixture
def measurement(tiny_measurement, images, proven):
    return replace(
        tiny_measurement, data_digest=images.digest, samples=len(images), robust_accuracy=proven[0] / len(images)
    )


def test_a_claim_is_proved_by_its_receipt(model, measurement, images, proven):
    told = check_receipt(model, measurement, proven[1], images, (0.0, 1.0))
    assert told.startswith(f"at most {100 * proven[0] / 80:.1f} % stand on 80 images under linf@1/5: ")


def test_a_claim_that_goes_further_than_its_receipt_is_refused(model, measurement, images, proven):
    broken = 80 - proven[0]
    places, found = unpack(proven[1], originals(images))
    fewer = pack(originals(images), found[:-2], places[:-2], judge(model, images.labels))
    with pytest.raises(IntegrityError, match=f"must prove that {broken} of 80 images .* proves {broken - 2}"):
        check_receipt(model, measurement, fewer, images, (0.0, 1.0))


def test_other_images_are_refused(model, measurement, images, proven):
    with pytest.raises(IntegrityError, match="the images must be those of the measurement"):
        check_receipt(model, measurement, proven[1], images.select(range(79)), (0.0, 1.0))


def test_another_network_proves_less(tiny_spec, measurement, images, proven):
    with pytest.raises(IntegrityError, match="the receipt must prove"):
        check_receipt(
            build(tiny_spec, seed=4), replace(measurement, robust_accuracy=0.0), proven[1], images, (0.0, 1.0)
        )


def written(folder, tiny_spec, tiny_record, model, measurement, receipt):
    record = replace(tiny_record, measured=(measurement,))
    return write_entry(folder, tiny_spec, record, model.state_dict(), receipt=receipt).folder


def receipt_check(folder, find_images):
    (check,) = [check for check in verify(folder, find_images).checks if check.name == "receipt"]
    return check


def test_an_entry_is_verified_with_its_receipt(tmp_path, tiny_spec, tiny_record, model, measurement, images, proven):
    folder = written(tmp_path / "tiny", tiny_spec, tiny_record, model, measurement, proven[1])
    check = receipt_check(folder, lambda asked: images)
    assert check.passed
    assert check.detail.startswith("at most ")


def test_a_receipt_without_images_is_not_proved_and_says_so(entry_folder):
    def absent(asked):
        raise NotFound(f"no {asked.dataset} here")

    for find in (None, absent):
        check = receipt_check(entry_folder, find)
        assert check.passed
        assert check.detail.startswith("not proved: ")


def test_a_receipt_that_is_none_is_refused(entry_folder, images):
    check = receipt_check(entry_folder, lambda asked: images)
    assert not check.passed
