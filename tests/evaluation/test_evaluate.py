from dataclasses import asdict

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks import autoattack
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.evaluation import evaluate as module
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.spec.threat import ThreatModel

OURS = ["fgsm", "pgd-7", "cw-7"]


class Coin(nn.Module):
    """Right as long as the noise of the start stays small, so that the start decides."""

    def forward(self, images):
        room = 0.15 - (images - 0.5).abs().flatten(1).amax(1)
        return torch.stack([room, -room], 1)


@pytest.fixture
def coin():
    return Coin(), torch.full((40, 1, 1, 1), 0.5), torch.zeros(40, dtype=torch.int64)


@pytest.mark.parametrize(("threat", "dual"), [("linf@1/50", 1), ("l2@2/25", 2)])
def test_a_linear_model_has_the_accuracy_that_algebra_gives(threat, dual, linear, images, labels):
    weights = linear.weights.detach()
    margins = (images.flatten(1) - 0.5) @ weights * (1 - 2 * labels)
    worst = margins - float(ThreatModel.parse(threat).radius) * weights.norm(p=dual)
    report = evaluate(linear, images, labels, attacks=OURS, threat=threat)
    assert report.clean_accuracy == 25 / 30
    expected = float((worst > 0).float().mean())
    assert 0.2 < expected < 0.8
    assert report.attacks == pytest.approx(dict.fromkeys(OURS, expected))
    assert all(torch.equal(report.verdicts[name], worst > 0) for name in OURS)
    assert report.interval == wilson(int((worst > 0).sum()), 30)


def test_robust_accuracy_is_the_worst_case_image_by_image(monkeypatch, linear, images, labels):
    class Inverting(Attack):
        """Breaks the images of its half of the data."""

        def run(self, hunt, seeds):
            half = slice(0, 10) if self.name == "fgsm" else slice(5, 20)
            found = hunt.centres.clone()
            found[half] = 1 - found[half]
            hunt.settle(found)

    monkeypatch.setattr(module, "make_attack", in_place_of_each(Inverting))
    report = evaluate(linear, images, labels, attacks=["fgsm", "cw-7"], threat="linf@1")
    assert report.attacks == {"fgsm": 15 / 30, "cw-7": 10 / 30}
    assert report.robust_accuracy == 5 / 30
    assert report.samples == 30


def in_place_of_each(attack):
    """A `make_attack` that gives this attack for every name but ``clean``."""
    original = module.make_attack

    def make(name, threat, *rest):
        usual = original(name, threat, *rest)
        return usual if usual.name == "clean" else attack(usual.name, usual.ball)

    return make


@pytest.mark.parametrize("threat", ["linf@1/60", "l2@1/20"])
def test_the_batch_size_changes_no_verdict(threat, conv, images):
    labels = conv(images).argmax(1)
    reports = [evaluate(conv, images, labels, attacks=OURS, threat=threat, batch_size=size) for size in (1, 7, 250)]
    assert 0.1 < reports[0].robust_accuracy < 0.9
    for name in OURS:
        assert all(torch.equal(report.verdicts[name], reports[0].verdicts[name]) for report in reports[1:])


def test_the_seed_and_nothing_else_decides_the_start(coin):
    def verdict(seed, attacks=("pgd-1",), size=None):
        return evaluate(*coin, attacks=attacks, threat="linf@1/5", seed=seed, batch_size=size).verdicts["pgd-1"]

    first = verdict(0)
    assert not torch.equal(first, verdict(1))
    assert torch.equal(first, verdict(0))
    assert torch.equal(first, verdict(0, size=3))
    assert torch.equal(first, verdict(0, attacks=("cw-3", "torchattacks:PGD", "pgd-1")))


def test_an_image_that_is_wrong_already_is_never_attacked(linear, images, labels):
    seen = []
    linear.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    wrong = 1 - linear(images).argmax(1)
    seen.clear()
    report = evaluate(linear, images, wrong, attacks=["pgd-7", "torchattacks:PGD"], threat="linf@1/2")
    assert not any(verdict.any() for verdict in report.verdicts.values())
    assert report.robust_accuracy == report.clean_accuracy == 0
    assert all(torch.equal(shown, images[: len(shown)]) for shown in seen)


def test_clean_is_always_measured_and_listed_when_asked_for(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=["clean"], threat="linf@1/5")
    assert report.attacks == {"clean": 25 / 30}
    assert report.robust_accuracy == 25 / 30
    bare = evaluate(linear, images, labels, attacks=[], threat="linf@1/5")
    assert bare.attacks == {}
    assert bare.verdicts.keys() == {"clean"}


def test_attacks_keep_their_order_and_run_once(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=["pgd-7", "clean", "fgsm", "pgd-7"], threat="linf@1/5")
    assert list(report.attacks) == ["pgd-7", "clean", "fgsm"]
    assert report.settings["pgd-7"]["step_size"] == "1/20"
    assert "batch_size" not in report.settings["pgd-7"]


def test_the_observer_hears_of_every_image_of_every_attack(linear, images, labels):
    class Listener(Silent):
        def __init__(self):
            self.heard = []

        def progress(self, label, done, total, note=""):
            self.heard.append((label, done, total, note))

    listener = Listener()
    evaluate(
        linear, images, labels, attacks=["fgsm"], threat="linf@1/5", batch_size=20, observer=listener, label="testing"
    )
    assert listener.heard == [("testing", done, 30, name) for name in ("clean", "fgsm") for done in (0, 20, 30)]


def test_the_model_and_the_random_state_are_left_alone(conv, images):
    labels = conv(images).argmax(1)
    conv.train()
    conv[1].eval()
    weights = {key: value.clone() for key, value in conv.state_dict().items()}
    state = torch.get_rng_state()
    with torch.no_grad():
        evaluate(conv, images, labels, attacks=["pgd-3", "torchattacks:FAB"], threat="linf@1/5")
    assert [part.training for part in conv] == [True, False, True, True, True]
    assert all(torch.equal(value, weights[key]) for key, value in conv.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in conv.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_in_train_mode_is_measured_in_eval_mode(conv, images):
    labels = conv(images).argmax(1)
    conv.train()
    assert evaluate(conv, images, labels, attacks=[], threat="linf@1/5").clean_accuracy == 1.0


@pytest.mark.parametrize(("step", "excess"), [(0.3, "0.1"), (torch.nan, "inf")])
def test_an_attack_that_leaves_the_ball_is_refused(step, excess, monkeypatch, linear, images, labels):
    class Cheating(Attack):
        def run(self, hunt, seeds):
            pytest.fail("not asked")

        def perturb_seeded(self, victim, images, labels, seeds):
            return images + torch.tensor([step, 0.0, 0.0, 0.0])

    monkeypatch.setattr(module, "make_attack", in_place_of_each(Cheating))
    with pytest.raises(IntegrityError, match=f"attack fgsm must stay within linf@1/5 .*, it left them by {excess}"):
        evaluate(linear, images, labels, attacks=["fgsm"], threat="linf@1/5")


def test_logits_that_fail_only_under_attack_are_refused(images):
    class Fragile(nn.Module):
        def forward(self, images):
            bright = images.flatten(1).amax(1) > 0.75
            score = torch.where(bright, torch.nan, 1 - images.flatten(1).mean(1))
            return torch.stack([score, -score], 1)

    with pytest.raises(InvalidInput, match="logits of the model must be finite"):
        evaluate(Fragile(), images, torch.zeros(30, dtype=torch.int64), attacks=["fgsm"], threat="l2@1")


def test_the_range_of_a_spec_scales_the_radius(linear, images, labels):
    class Pixels(nn.Module):
        spec = ResidualSpec(InputSpec((1, 4, 4), 0.0, 255.0), 2, (StageSpec(1, 16),))

        def forward(self, images):
            return linear(images / 255)

    small = evaluate(linear, images, labels, attacks=["pgd-7"], threat="linf@1/50")
    large = evaluate(Pixels(), images * 255, labels, attacks=["pgd-7"], threat="linf@1/50")
    assert torch.equal(small.verdicts["pgd-7"], large.verdicts["pgd-7"])


def test_autoattack_is_not_above_pgd_and_few_classes_are_flagged(monkeypatch, linear, images, labels):
    monkeypatch.setattr(autoattack.standard, "__defaults__", (autoattack.Effort(queries=50),))
    report = evaluate(linear, images, labels, attacks=["pgd-20", "autoattack"], threat="linf@1/50")
    assert report.attacks["autoattack"] <= report.attacks["pgd-20"]
    assert report.flags == ("autoattack-substitute: 2 classes are too few for apgd-t, it ran apgd-ce, fab-t, square",)


def test_flags_of_the_model_are_reported(conv, images):
    model = nn.Sequential(conv, nn.Softmax(1))
    report = evaluate(model, images, conv(images).argmax(1), attacks=["fgsm"], threat="linf@1/5")
    assert [flag.split(":")[0] for flag in report.flags] == ["outputs-are-probabilities"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attacks": "pgd-20"}, r"must be a list of names, got the text 'pgd-20'; write \['pgd-20'\]"),
        ({"attacks": ["pgd"]}, "must name its steps"),
        ({"threat": "linf@8"}, r"write 8/255"),
        ({"seed": -1}, "the seed must be at least 0"),
        ({"batch_size": 0}, "the batch size must be at least 1"),
    ],
)
def test_bad_arguments_are_refused(changes, message, linear, images, labels):
    with pytest.raises(InvalidInput, match=message):
        evaluate(linear, images, labels, **{"threat": "linf@1/5", **changes})


def test_a_report_becomes_a_measurement_of_a_record(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=["fgsm"], threat="linf@1/50", seed=4)
    measurement = report.to_measurement("digits", "test", "ab12")
    assert (measurement.dataset, measurement.split, measurement.data_digest) == ("digits", "test", "ab12")
    assert (measurement.threat, measurement.samples, measurement.seed) == ("linf@1/50", 30, 4)
    assert measurement.clean_accuracy == 25 / 30
    assert measurement.attacks == report.attacks
    assert measurement.robust_accuracy == report.robust_accuracy
    assert measurement.interval == report.interval
    assert measurement.settings["fgsm"]["loss"] == "cross-entropy"
    assert Measurement.from_dict(asdict(measurement)) == measurement
    assert report.seconds > 0
