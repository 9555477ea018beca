from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.attacked import attack_cached, attacked_images, transfer_accuracy
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec import ThreatModel
from rcnas_zoo.spec.errors import Unavailable


@pytest.fixture
def attack(job):
    return AttackJob(("fgsm",), ThreatModel.parse("linf@1/10"), 0, job.cache)


@pytest.fixture
def images(job):
    return job.source.splits().evaluation.select(torch.arange(40))


def test_attacked_images_are_kept_in_their_order_and_stay_in_the_ball(job, attack, images):
    key = attack_cached(build(job.spec), job.spec, images, attack)
    attacked = attacked_images(attack, key)
    change = (attacked - images.floats()).abs().amax((1, 2, 3))
    assert attacked.shape == images.images.shape
    assert change.max() <= 0.1 + 1e-6
    assert (change > 0).any()


def test_the_key_tells_networks_seeds_and_images_apart(job, attack, images):
    model = build(job.spec)
    keys = {
        attack_cached(model, job.spec, images, attack),
        attack_cached(build(job.spec, seed=1), job.spec, images, attack),
        attack_cached(model, job.spec, images, replace(attack, seed=1)),
        attack_cached(model, job.spec, images.select(torch.arange(39)), attack),
    }
    assert len(keys) == 4
    assert attack_cached(model, job.spec, images, attack) in keys


def test_on_the_attacked_network_itself_transfer_is_white_box(job, attack, images):
    model = build(job.spec)
    attacked = attacked_images(attack, attack_cached(model, job.spec, images, attack))
    report = evaluate_cached(model, job.spec, images, attack)
    assert transfer_accuracy(model, attacked, images.labels) == pytest.approx(report.robust_accuracy)


def test_images_that_are_gone_are_one_clear_line(attack):
    with pytest.raises(Unavailable, match=r"must be in the cache .*; give the same command again"):
        attacked_images(attack, "ab" * 32)
