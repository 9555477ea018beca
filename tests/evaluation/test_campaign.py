import pytest
import torch

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.evaluation import campaign as module
from rcnas_zoo.evaluation import evaluate as evaluate_module
from rcnas_zoo.evaluation.campaign import Means
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.ledger import Ledger
from rcnas_zoo.evaluation.limits import Limits
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

ATTACKS = ["pgd-5", "apgd-ce"]


@pytest.fixture
def many():
    """Three thousand images of 16 pixels, a random tenth of which is near the boundary of the linear model."""
    return 0.3 + 0.4 * torch.rand((3000, 1, 4, 4), generator=torch.Generator().manual_seed(9))


class Broken(Attack):
    """An attack that does not work."""

    effort = 5

    def run(self, hunt, seeds):
        raise KeyError("lost")


def with_a_broken_one(monkeypatch, name):
    original = evaluate_module.make_attack

    def make(asked, *rest):
        usual = original(asked, *rest)
        return Broken(usual.name, usual.ball) if usual.name == name else usual

    monkeypatch.setattr(evaluate_module, "make_attack", make)


def test_an_attack_that_fails_leaves_the_verdicts_of_the_others(monkeypatch, linear, images, labels):
    alone = evaluate(linear, images, labels, attacks=["pgd-5"], threat="linf@1/50")
    with_a_broken_one(monkeypatch, "fgsm")
    report = evaluate(linear, images, labels, attacks=["fgsm", "pgd-5"], threat="linf@1/50")
    assert report.flags == ("attack-failed: fgsm gave no verdicts: KeyError: 'lost'",)
    assert report.attacks == alone.attacks
    assert report.robust_accuracy == alone.robust_accuracy


def test_the_only_attack_must_not_fail(monkeypatch, linear, images, labels):
    with_a_broken_one(monkeypatch, "fgsm")
    with pytest.raises(KeyError, match="lost"):
        evaluate(linear, images, labels, attacks=["clean", "fgsm"], threat="linf@1/50")


def test_cheap_attacks_come_first(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=["apgd-ce", "pgd-20", "fgsm"], threat="linf@1/50")
    assert list(report.predictions) == ["clean", "fgsm", "pgd-20", "apgd-ce"]
    assert list(report.attacks) == ["apgd-ce", "pgd-20", "fgsm"]


class Slow:
    """A clock that is up after so many questions."""

    def __init__(self, questions):
        self.left = questions

    def __call__(self, seconds):
        return self

    @property
    def is_up(self):
        self.left -= 1
        return self.left < 0


def limited(monkeypatch, linear, many, questions, **more):
    monkeypatch.setattr(module, "Clock", Slow(questions))
    labels = linear(many).argmax(1)
    return evaluate(linear, many, labels, threat="linf@1/50", batch_size=100, limits=Limits(seconds=5), **more)


def test_an_evaluation_that_runs_out_of_time_estimates_from_what_it_has_seen(monkeypatch, linear, many):
    labels = linear(many).argmax(1)
    whole = evaluate(linear, many, labels, attacks=ATTACKS, threat="linf@1/50")
    # One question before each attack, and one before and after each of 30 batches.
    report = limited(monkeypatch, linear, many, 2 + 32 + 12, attacks=[*ATTACKS, "square"])
    assert report.verdicts.keys() == {"clean", "pgd-5"}
    assert (report.estimate.attack, report.estimate.standing) == ("apgd-ce", int(whole.verdicts["pgd-5"].sum()))
    assert 0 < report.estimate.drawn < report.estimate.standing
    low, high = report.interval
    assert low <= whole.robust_accuracy <= high
    assert report.attacks["apgd-ce"] == report.robust_accuracy == report.estimate.value
    assert report.flags == ("not-run: square was not begun before the time limit",)


def test_clean_accuracy_is_measured_however_short_the_time(monkeypatch, linear, many):
    report = limited(monkeypatch, linear, many, 0, attacks=["pgd-5"])
    assert report.clean_accuracy == 1.0
    assert report.attacks == {}
    assert report.flags == ("not-run: pgd-5 was not begun before the time limit",)


@pytest.mark.parametrize("attacks", [["pgd-5", "apgd-ce"], ["square"]])
def test_a_tolerance_ends_the_dearest_attack_when_the_interval_is_narrow(linear, many, attacks, monkeypatch):
    monkeypatch.setattr(evaluate_module, "CHEAP", "fgsm")
    labels = linear(many).argmax(1)
    report = evaluate(linear, many, labels, attacks=attacks, threat="linf@1/50", limits=Limits(tolerance=0.02))
    found = report.estimate
    assert found.attack == attacks[-1]
    assert found.tolerance <= 0.02
    assert 0 < found.drawn < found.standing / 2
    # The cheap attack is exact on a linear model, so the dear one breaks nothing more.
    exact = evaluate(linear, many, labels, attacks=["fgsm"], threat="linf@1/50").robust_accuracy
    assert report.interval[0] <= exact <= report.interval[1]


def test_a_tolerance_that_needs_every_image_gives_the_whole_number(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=ATTACKS, threat="linf@1/50", limits=Limits(tolerance=0.001))
    whole = evaluate(linear, images, labels, attacks=ATTACKS, threat="linf@1/50")
    assert report.estimate is None
    assert report.robust_accuracy == whole.robust_accuracy
    assert report.interval == whole.interval


def test_what_a_ledger_knows_is_not_attacked_again(linear, images, labels, tmp_path):
    def open_ledger(attack, size):
        return Ledger(size, tmp_path / attack.name)

    class Cut(Exception):
        pass

    class Cutting:
        """An observer that ends the process, as it were, after two batches of the attack."""

        def progress(self, label, done, total, note=""):
            if note == "apgd-ce" and done == 14:
                raise Cut

    asked = {"attacks": ["apgd-ce"], "threat": "linf@1/50", "batch_size": 7, "means": Means(None, open_ledger)}
    whole = evaluate(linear, images, labels, attacks=["apgd-ce"], threat="linf@1/50")
    with pytest.raises(Cut):
        evaluate(linear, images, labels, **asked, observer=Cutting())
    seen = []
    linear.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    report = evaluate(linear, images, labels, **asked)
    assert torch.equal(report.verdicts["apgd-ce"], whole.verdicts["apgd-ce"])
    attacked_now = [count for count in seen if count == 7]
    assert attacked_now  # the third batch
    assert len(list((tmp_path / "apgd-ce").iterdir())) == 5


def test_workers_give_the_verdicts_of_one(images):
    spec = ResidualSpec(InputSpec((1, 4, 4)), 3, (StageSpec(1, 16),))
    model = build(spec)
    labels = model(images).argmax(1)
    asked = {"attacks": ["pgd-5", "square"], "threat": "linf@1/10"}
    alone = evaluate(model, images, labels, **asked)
    with Workers(2) as workers:
        shared = evaluate(model, images, labels, **asked, means=Means(workers))
    assert 0 < alone.robust_accuracy < 1
    assert all(torch.equal(shared.verdicts[name], verdict) for name, verdict in alone.verdicts.items())
