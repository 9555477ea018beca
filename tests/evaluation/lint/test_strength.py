from fractions import Fraction

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.lint import trial as module
from rcnas_zoo.evaluation.lint.strength import strength_flags
from rcnas_zoo.evaluation.lint.trial import Rescaled, Trial
from rcnas_zoo.spec.threat import ThreatModel


class After(nn.Module):
    def __init__(self, network, change):
        super().__init__()
        self.network, self.change = network, change

    def forward(self, images):
        return self.change(images, self.network(images))


def trial_of(model, images, threat):
    with untouched(model):
        examples = check_inputs(model, images, model(images).argmax(1))
    return Trial(model, examples, ThreatModel.parse(threat), 0)


def names_of(model, images, threat):
    with untouched(model):
        return [flag.split(":")[0] for flag in strength_flags(trial_of(model, images, threat))]


@pytest.mark.parametrize("threat", ["linf@1/50", "linf@1/10", "l2@2/25", "l2@1/2"])
def test_nothing_is_wrong_with_plain_networks(threat, linear, conv, images):
    assert names_of(linear, images, threat) == []
    assert names_of(conv, images, threat) == []


@pytest.mark.parametrize(("threat", "dual"), [("linf@1/50", 1), ("l2@2/25", 2)])
def test_a_linear_model_falls_where_algebra_says(threat, dual, linear, images):
    weights = linear.weights.detach()
    margins = ((images.flatten(1) - 0.5) @ weights).abs()
    trial = trial_of(linear, images, threat)
    expected = margins < float(ThreatModel.parse(threat).radius) * weights.norm(p=dual)
    assert 3 < expected.sum() < 27
    assert torch.equal(trial.broken("pgd-20"), expected)
    assert torch.equal(trial.broken("pgd-20", rescaled=True), expected)
    assert torch.equal(trial.broken("pgd-20", "cw-20", spared=expected.roll(1)), expected & ~expected.roll(1))
    assert torch.equal(trial.broken_by_all_means(torch.zeros(30, dtype=torch.bool)), expected)


def test_square_finds_what_rounding_hides(linear, images):
    steps = After(linear, lambda images, logits: torch.round(50 * logits))
    assert names_of(steps, images, "linf@1/10") == ["square-above-gradients"]


def test_a_plateau_is_unbroken_at_any_radius(images):
    class Plateau(nn.Module):
        """Flat, but for the images that are nearly black."""

        def forward(self, points):
            height = torch.where(points.flatten(1).mean(1) > 0.05, 1.0, -1.0) + 0 * points.flatten(1).sum(1)
            return torch.stack([height, -height], 1)

    assert names_of(Plateau(), images, "linf@1/10") == ["unbroken-at-any-radius"]


def test_a_temperature_hides_the_way_from_cross_entropy_alone(linear, images):
    hot = After(linear, lambda images, logits: 1e6 * logits)
    assert names_of(hot, images, "linf@1/10") == ["logits-mask"]


def test_a_weak_spot_nearby_that_wide_steps_miss_is_noticed(linear, images):
    grey = torch.full_like(images, 0.5)

    class Nearby(nn.Module):
        """There is a way to be wrong within 0.02 of the grey that all the images are, and nowhere else."""

        def forward(self, points):
            change = (points - 0.5).flatten(1)
            size = change.abs().amax(1)
            near = size <= 0.021
            height = torch.where(near, 1 - 60 * change[:, 0], 1 + 0 * change[:, 0])
            return torch.stack([height, -height], 1)

    # At 1/50 all fall, at 1/25 few, at 2/25 none; at 1/2 fab-t, which begins at the image, finds the way.
    assert set(names_of(Nearby(), grey, "linf@1/25")) == {"wider-is-weaker"}


def test_at_its_widest_a_ball_reaches_mid_grey(linear, images):
    for threat in ("linf@1/50", "l2@1/50"):
        trial = trial_of(linear, images, threat)
        assert trial.at(trial.widest).threat.norm == trial.threat.norm
    assert trial_of(linear, images, "linf@1/50").widest == Fraction(1, 2)
    assert trial_of(linear, images, "l2@1/50").widest == 2


def test_the_number_of_queries_is_what_square_asks(monkeypatch, linear, images):
    asked = []
    linear.register_forward_pre_hook(lambda *_: asked.append(1))
    trial = trial_of(linear, images, "linf@1/1000")
    monkeypatch.setattr(module, "QUERIES", 7)
    asked.clear()
    trial.broken("square")
    assert 7 <= len(asked) <= 9


def test_rescaled_logits_rank_alike_and_have_a_deviation_of_one(conv, images):
    logits, scaled = conv(images), Rescaled(conv)(images)
    assert torch.equal(logits.argsort(1), scaled.argsort(1))
    torch.testing.assert_close(scaled.std(1), torch.ones(30))
    assert Rescaled(After(conv, lambda images, logits: 0 * logits))(images).isfinite().all()
