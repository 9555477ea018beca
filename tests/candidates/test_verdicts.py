from dataclasses import replace

import pytest
import torch

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, subset, weights_digest
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec import ThreatModel

THREAT = ThreatModel.parse("linf@1/10")


@pytest.fixture
def images(job):
    return job.source.splits().evaluation.select(torch.arange(24))


def measure(job, model, images, seed=0, attacks=("pgd-2",)):
    return evaluate_cached(model, job.spec, images, AttackJob(attacks, THREAT, seed, job.cache))


def test_verdicts_are_made_once_and_come_back_the_same(job, images, monkeypatch):
    model = build(job.spec)
    first = measure(job, model, images)
    monkeypatch.setattr(Attack, "perturb_seeded", lambda *_: pytest.fail("attacked twice"))
    again = measure(job, model, images)
    assert torch.equal(again.verdicts["pgd-2"], first.verdicts["pgd-2"])
    assert again.to_measurement("digits", "eval", images.digest) == first.to_measurement(
        "digits", "eval", images.digest
    )
    assert again.threat == first.threat


@pytest.mark.parametrize("what", ["weights", "images", "seed", "attacks"])
def test_whatever_decides_a_verdict_decides_the_key(job, images, monkeypatch, what):
    measure(job, build(job.spec), images)

    def refuse(*_):
        raise RuntimeError("asked")

    monkeypatch.setattr(Attack, "perturb_seeded", refuse)
    model = build(job.spec, seed=1 if what == "weights" else 0)
    others = images.select(torch.arange(23)) if what == "images" else images
    with pytest.raises(RuntimeError, match="asked"):
        measure(job, model, others, 1 if what == "seed" else 0, ("pgd-3",) if what == "attacks" else ("pgd-2",))


def test_an_attack_after_a_training_shares_its_seed_cache_and_threads(job):
    attack = AttackJob.after(replace(job, seed=4, threads=3), ("pgd-2",), THREAT)
    assert attack == AttackJob(("pgd-2",), THREAT, 4, job.cache, 3)


def test_the_weights_digest_does_not_depend_on_the_order():
    tensors = {"a": torch.ones(2), "b": torch.zeros(3)}
    assert weights_digest(tensors) == weights_digest(dict(reversed(tensors.items())))
    assert weights_digest(tensors) != weights_digest({**tensors, "a": torch.zeros(2)})


def test_a_subset_is_fixed_seeded_and_without_repeats(images):
    first, again, other = subset(images, 10, 0), subset(images, 10, 0), subset(images, 10, 1)
    assert first.digest == again.digest != other.digest
    assert len(first) == 10
    assert subset(images, 1000, 0) is images


def test_attacks_come_back_in_the_order_in_which_they_were_asked_for(job, images):
    model, asked = build(job.spec), ("pgd-2", "fgsm")
    fresh, kept = (measure(job, model, images, attacks=asked) for _ in range(2))
    assert list(fresh.attacks) == list(kept.attacks) == list(kept.settings) == list(asked)
