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
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
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
    assert report.flags == ("attack-failed: fgsm ended after 0 of 30 images: KeyError: 'lost'",)
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
    # A question before the batches of an attack and one after each but the last: 30 of pgd-5, then of apgd-ce.
    report = limited(monkeypatch, linear, many, 30 + 12, attacks=[*ATTACKS, "square"])
    assert report.verdicts.keys() == {"clean", "pgd-5"}
    assert (report.estimate.attack, report.estimate.standing) == ("apgd-ce", int(whole.verdicts["pgd-5"].sum()))
    assert 0 < report.estimate.drawn < report.estimate.standing
    low, high = report.interval
    assert low <= whole.robust_accuracy <= high
    assert report.attacks["apgd-ce"] == report.robust_accuracy == report.estimate.value
    drawn, standing = report.estimate.drawn, report.estimate.standing
    assert report.flags == (
        f"estimated: apgd-ce saw {drawn} of the {standing} images that stood; the robust accuracy and its interval are "
        "told from these",
        "not-run: the time limit left square too little time (0 images)",
    )


def test_a_time_limit_that_leaves_no_time_is_told(monkeypatch, linear, many):
    with pytest.raises(Unavailable, match="the time limit must leave time for an attack"):
        limited(monkeypatch, linear, many, 0, attacks=["pgd-5"])


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


def on_disk(folder):
    return Means(None, lambda attack, size: Ledger(size, folder / attack.name))


def test_a_time_limit_does_not_hide_what_is_known(monkeypatch, linear, many, tmp_path):
    labels = linear(many).argmax(1)
    whole = evaluate(linear, many, labels, attacks=ATTACKS, threat="linf@1/50", means=on_disk(tmp_path))
    again = limited(monkeypatch, linear, many, 0, attacks=ATTACKS, means=on_disk(tmp_path))
    assert again.attacks == whole.attacks
    assert again.flags == ()


def test_what_a_failing_attack_has_broken_stays_broken(monkeypatch, linear, images, labels):
    class Later(Attack):
        """Breaks two batches by the whole radius, then raises."""

        effort = 5
        turns = 0

        def run(self, hunt, seeds):
            Later.turns += 1
            if Later.turns > 2:
                raise KeyError("lost")
            hunt.settle(1 - hunt.centres)

    original = evaluate_module.make_attack

    def make(asked, *rest):
        usual = original(asked, *rest)
        return Later(usual.name, usual.ball) if usual.name == "pgd-5" else usual

    monkeypatch.setattr(evaluate_module, "make_attack", make)
    report = evaluate(linear, images, labels, attacks=["clean", "fgsm", "pgd-5"], threat="linf@1", batch_size=7)
    assert report.flags == ("attack-failed: pgd-5 ended after 14 of 30 images: KeyError: 'lost'",)
    assert "pgd-5" not in report.verdicts
    assert list(report.attacks) == ["clean", "fgsm"]
    assert (report.predictions["pgd-5"] != labels)[:14].all()
    stood = report.verdicts["fgsm"] & (torch.arange(30) >= 14)
    assert report.robust_accuracy == int(stood.sum()) / 30
    with pytest.raises(Unavailable, match="all its images, but pgd-5 ended after 14 of 30 images: KeyError: 'lost'"):
        report.complete()


@pytest.mark.parametrize("what", ["ledger", "observer"])
def test_what_is_not_the_attack_s_fault_is_not_blamed_on_it(linear, images, labels, what):
    class Full(Ledger):
        def record(self, part):
            raise Unavailable("the disk is full")

    class Angry(Silent):
        def progress(self, label, done, total, note=""):
            if what == "observer" and note == "pgd-5":
                raise Unavailable("the disk is full")

    means = Means(None, lambda attack, size: (Full if attack.name == "pgd-5" and what == "ledger" else Ledger)(size))
    asked = {"attacks": ["fgsm", "pgd-5"], "threat": "linf@1/50", "means": means, "observer": Angry()}
    with pytest.raises(Unavailable, match="the disk is full"):
        evaluate(linear, images, labels, **asked)


def test_an_attack_on_a_batch_together_sees_the_same_batches_whatever_the_limits(linear, images, labels):
    asked = {"attacks": ["fgsm", "torchattacks:PGD"], "threat": "linf@1/50"}
    whole = evaluate(linear, images, labels, **asked)
    sampled = evaluate(linear, images, labels, **asked, limits=Limits(tolerance=0.2))
    assert sampled.estimate is None
    assert torch.equal(sampled.predictions["torchattacks:PGD"], whole.predictions["torchattacks:PGD"])
