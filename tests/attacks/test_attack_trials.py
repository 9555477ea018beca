"""Scores and halving, against plain sums."""

import pytest
import torch
import torch.nn.functional as F

from rcnas_zoo.attacks import attack_trials
from rcnas_zoo.attacks.attack_space import build
from rcnas_zoo.attacks.attack_trials import Samples, SearchEffort, draw_seeds, find
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim, is_right
from rcnas_zoo.spec.threat import ThreatModel

BALL = make_ball(ThreatModel.parse("linf@1/8"), 0.0, 1.0)
POINT = {"attack": "pgd", "loss": "cross-entropy", "steps": 7, "step_thousandths": 250, "restarts": 1}


@pytest.fixture
def samples(trained):
    model, images, labels = trained
    return Samples.right(Victim(model), BALL, images, labels)


def test_samples_are_what_the_model_has_right(samples, trained, monkeypatch):
    model, images, labels = trained
    right = is_right(model, images, labels)
    assert torch.equal(samples.images, images[right])
    monkeypatch.setattr(attack_trials, "_BATCH", 7)
    assert torch.equal(Samples.right(Victim(model), BALL, images, labels).labels, labels[right])


def test_some_are_random_distinct_and_never_more_than_there_are(samples):
    some = samples.some(30, torch.Generator().manual_seed(0))
    assert len(some) == 30
    assert len({tuple(image.flatten().tolist()) for image in some.images}) == 30
    assert torch.equal(samples.some(30, torch.Generator().manual_seed(0)).images, some.images)
    assert not torch.equal(samples.some(30, torch.Generator().manual_seed(1)).images, some.images)
    assert len(samples.some(10**6, torch.Generator())) == len(samples)


@pytest.mark.parametrize("batch", [250, 16])
def test_the_score_is_the_share_broken_and_a_hundredth_of_the_loss(batch, samples, trained, monkeypatch):
    monkeypatch.setattr(attack_trials, "_BATCH", batch)
    seeds = draw_seeds(len(samples), torch.Generator().manual_seed(0))
    hunt = Hunt(samples.victim, BALL, samples.images, samples.labels)
    build(POINT, BALL).run(hunt, seeds)
    logits = trained[0](hunt.found).detach()
    broken = (logits.argmax(1) != samples.labels).double().mean().item()
    expected = broken + F.cross_entropy(logits, samples.labels).item() / 100
    assert 0.05 < broken < 0.9
    assert samples.score(POINT, seeds) == pytest.approx(expected, abs=1e-6)
    left = samples.survivors(POINT, seeds)
    assert torch.equal(left.images, samples.images[logits.argmax(1) == samples.labels])
    assert is_right(trained[0], left.images, left.labels).all()


def test_halving_averages_scores_and_doubles_images(samples, monkeypatch):
    """A configuration's score is its number of tries before; so of 20, the last five go on, then the best two."""
    sizes, asked = [], []

    def score(sample, point, seeds):
        sizes.append(len(sample))
        asked.append(point["mark"])
        assert len(seeds) == len(sample)
        # The favourite of the first round disappoints in the second.
        return {10: point["mark"], 20: -15.0 if point["mark"] == 19 else 0.0, 40: point["mark"]}[len(sample)]

    marks = iter(range(20))
    monkeypatch.setattr(Samples, "score", score)
    monkeypatch.setattr(attack_trials, "draw", lambda trial, classes, passes: {"mark": next(marks)})
    effort = SearchEffort(trials=20, images=10, kept=4, growth=2)
    assert find(samples, 4, effort, torch.Generator().manual_seed(0)) == {"mark": 18}
    assert sizes == [10] * 20 + [20] * 5 + [40] * 2
    assert asked[20:] == [19, 18, 17, 16, 15, 18, 17]


def test_the_sampler_learns_from_the_scores(samples, monkeypatch):
    """Where one attack scores far above all others, it is proposed more often than by chance once TPE takes over."""
    asked = []

    def score(sample, point, seeds):
        asked.append(point["attack"])
        return float(point["attack"] == "square")

    monkeypatch.setattr(Samples, "score", score)
    effort = SearchEffort(trials=60, images=5, random_trials=20)
    assert find(samples, 4, effort, torch.Generator().manual_seed(0))["attack"] == "square"
    assert asked[20:60].count("square") > 20
