import pytest
import torch

from rcnas_zoo.attacks.autoattack import AutoAttack
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, Recorder, conv_net

WIDE = ThreatModel.parse("linf@1")


def autoattack(classes, threat="linf@1/10", name="autoattack"):
    return make_attack(AttackName(name), ThreatModel.parse(threat), classes)


def parts_of(attack):
    return {part["attack"]: part for part in attack.settings["parts"]}


@pytest.mark.parametrize(("classes", "targets"), [(10, 9), (200, 9), (4, 3)])
def test_the_parts_are_those_of_the_official_standard_version(classes, targets):
    parts = parts_of(autoattack(classes))
    assert list(parts) == ["apgd-ce", "apgd-t", "fab-t", "square"]
    assert [parts[name]["steps"] for name in ("apgd-ce", "apgd-t", "fab-t")] == [100, 100, 100]
    assert [parts[name]["targets"] for name in ("apgd-t", "fab-t")] == [targets, targets]
    assert (parts["apgd-ce"]["restarts"], parts["apgd-ce"]["momentum"], parts["apgd-ce"]["rho"]) == (1, 0.75, 0.75)
    fab, square = parts["fab-t"], parts["square"]
    assert (fab["alpha_max"], fab["eta"], fab["beta"], fab["restarts"]) == (0.1, 1.05, 0.9, 1)
    assert (square["queries"], square["first_share"], square["loss"]) == (5000, 0.8, "margin")


def test_few_classes_get_other_parts_and_say_so():
    assert list(parts_of(autoattack(3))) == ["apgd-ce", "apgd-dlr", "fab-t", "square"]
    assert list(parts_of(autoattack(2))) == ["apgd-ce", "fab-t", "square"]
    assert "it ran apgd-ce, apgd-dlr, fab-t, square" in autoattack(3).settings["substitute"]
    assert "substitute" not in autoattack(4).settings


def test_the_version_for_random_answers_averages_gradients():
    parts = parts_of(autoattack(10, name="autoattack-rand"))
    assert {name: (part["steps"], part["passes"]) for name, part in parts.items()} == {
        "apgd-ce": (100, 20),
        "apgd-dlr": (100, 20),
    }
    assert list(parts_of(autoattack(2, name="autoattack-rand"))) == ["apgd-ce"]


class Blackens(Attack):
    """Shows the first image that stands as black, and keeps what it was given."""

    def run(self, hunt, seeds):
        self.shown = (len(hunt), list(seeds))
        hunt.strike(torch.cat([torch.zeros_like(hunt.centres[:1]), hunt.centres[1:]]))


def test_each_part_attacks_only_what_the_parts_before_left(generator):
    ball = make_ball(WIDE, 0.0, 1.0)
    parts = {str(i): Blackens(str(i), ball) for i in range(4)}
    # Class 0 is any image that is not black.
    model = Linear(torch.tensor([[1.0], [0.0], [0.0], [0.0]]).expand(4, 36), torch.tensor([0.0, 0.1, 0.0, 0.0]))
    images, labels = torch.rand((7, 1, 6, 6), generator=generator), torch.zeros(7, dtype=torch.int64)
    found = AutoAttack("mine", ball, parts).perturb(model, images, labels, generator)
    assert [part.shown[0] for part in parts.values()] == [7, 6, 5, 4]
    assert is_right(model, found, labels).tolist() == [False] * 4 + [True] * 3
    assert torch.equal(found[4:], images[4:])
    seeds = [seed for part in parts.values() for seed in part.shown[1]]
    assert len(set(seeds)) == len(seeds) == 4 * 7


class Settles(Blackens):
    """Leaves every image black, and does not look whether that breaks it."""

    def run(self, hunt, seeds):
        self.shown = len(hunt)
        hunt.settle(torch.zeros_like(hunt.centres))


def test_what_a_part_breaks_without_looking_is_not_lost(generator):
    ball = make_ball(WIDE, 0.0, 1.0)
    parts = {"first": Settles("first", ball), "second": Blackens("second", ball)}
    model = Linear(torch.tensor([[1.0], [0.0]]).expand(2, 36), torch.tensor([0.0, 0.1]))
    images, labels = torch.rand((3, 1, 6, 6), generator=generator), torch.zeros(3, dtype=torch.int64)
    found = AutoAttack("mine", ball, parts).perturb(model, images, labels, generator)
    assert not is_right(model, found, labels).any()
    assert parts["first"].shown == 3
    assert not hasattr(parts["second"], "shown")


def test_nothing_runs_once_all_images_are_broken(generator):
    ball = make_ball(WIDE, 0.0, 1.0)
    parts = {str(i): Blackens(str(i), ball) for i in range(3)}
    model = Linear(torch.tensor([[1.0], [0.0]]).expand(2, 36), torch.tensor([0.0, 0.1]))
    image = torch.rand((1, 1, 6, 6), generator=generator)
    AutoAttack("mine", ball, parts).perturb(model, image, torch.zeros(1, dtype=torch.int64), generator)
    assert [hasattr(part, "shown") for part in parts.values()] == [True, False, False]


@pytest.mark.usefixtures("quick_autoattack")
@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
@pytest.mark.parametrize("classes", [2, 3])
def test_models_of_few_classes_can_be_attacked(classes, threat, generator):
    model = conv_net(classes)
    images = torch.rand((6, 1, 6, 6), generator=generator)
    labels = model(images).argmax(1)
    found = autoattack(classes, threat).perturb(model, images, labels, generator)
    assert not is_right(model, found, labels).all()


@pytest.mark.usefixtures("quick_autoattack")
def test_it_is_at_least_as_strong_as_pgd(trained):
    model, images, labels = trained
    images, labels = images[:80], labels[:80]
    accuracy = {}
    for name in ("pgd-20", "autoattack"):
        attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/8"), 4)
        found = attack.perturb(model, images, labels, torch.Generator().manual_seed(0))
        accuracy[name] = float(is_right(model, found, labels).float().mean())
    assert 0.2 < accuracy["autoattack"] <= accuracy["pgd-20"] < 0.9


@pytest.mark.usefixtures("quick_autoattack")
@pytest.mark.parametrize("name", ["pgd-10", "autoattack", "apgd-ce", "apgd-dlr", "apgd-t", "fab-t", "square"])
def test_a_coarse_engine_climbs_and_the_model_decides(name, trained, generator):
    """The engine sees images in bfloat16; what is broken is broken for the model."""
    model, images, labels = trained
    attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/8"), 4)
    recorder = Recorder(model)
    found = attack.perturb(recorder, images, labels, generator, engine=lambda points: model(points.bfloat16().float()))
    broken = ~is_right(model, found, labels)
    alone = ~is_right(model, attack.perturb(model, images, labels, torch.Generator().manual_seed(11)), labels)
    assert attack.ball.excess(found, images) < 1e-6
    assert (broken == alone).double().mean() > 0.9
    assert not any(shown.requires_grad for shown in recorder.seen)
