import pytest
import torch
import torchattacks

from rcnas_zoo.attacks.autoattack import standard_parts
from rcnas_zoo.attacks.base import is_right
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.torchattacks_bridge import Peer
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, conv_net


def autoattack(classes, threat="linf@1/10"):
    return make_attack(AttackName("autoattack"), ThreatModel.parse(threat), classes)


@pytest.mark.parametrize(("classes", "targets"), [(10, 9), (200, 9), (4, 3)])
def test_the_parts_are_those_of_the_official_standard_version(classes, targets, net):
    parts = {
        name: getattr(torchattacks, peer.class_name)(net, **peer.arguments)
        for name, peer in standard_parts(classes).items()
    }
    assert list(parts) == ["apgd-ce", "apgd-t", "fab-t", "square"]
    assert [parts[name].steps for name in ("apgd-ce", "apgd-t", "fab-t")] == [100, 100, 100]
    assert [parts[name].n_target_classes for name in ("apgd-t", "fab-t")] == [targets, targets]
    assert parts["fab-t"].multi_targeted
    assert (parts["square"].n_queries, parts["square"].rescale_schedule) == (5000, False)


def test_few_classes_get_untargeted_parts_and_say_so():
    assert list(standard_parts(3)) == ["apgd-ce", "apgd-dlr", "fab", "square"]
    assert list(standard_parts(2)) == ["apgd-ce", "fab", "square"]
    assert "it ran apgd-ce, apgd-dlr, fab, square" in autoattack(3).settings["substitute"]
    assert "substitute" not in autoattack(4).settings


def test_settings_name_every_part_with_its_numbers():
    first, *_, last = autoattack(10, "l2@1/2").settings["parts"]
    assert first == {
        "part": "apgd-ce",
        "class": "APGD",
        "norm": "L2",
        "eps": 0.5,
        "steps": 100,
        "n_restarts": 1,
        "eot_iter": 1,
        "rho": 0.75,
        "loss": "ce",
    }
    assert (last["n_queries"], last["resc_schedule"], last["p_init"]) == (5000, False, 0.8)


def test_each_part_attacks_only_what_the_parts_before_left(monkeypatch, generator):
    shown = []

    def blackens_the_first(self, model, images, labels, ball, seed):
        shown.append((self.class_name, len(images), seed))
        return torch.cat([torch.zeros_like(images[:1]), images[1:]])

    monkeypatch.setattr(Peer, "attack", blackens_the_first)
    # Class 0 is any image that is not black.
    model = Linear(torch.tensor([[1.0], [0.0], [0.0], [0.0]]).expand(4, 36), torch.tensor([0.0, 0.1, 0.0, 0.0]))
    images, labels = torch.rand((7, 1, 6, 6), generator=generator), torch.zeros(7, dtype=torch.int64)
    found = autoattack(4, "linf@1").perturb(model, images, labels, generator)
    names, counts, seeds = zip(*shown, strict=True)
    assert names == ("APGD", "APGDT", "FAB", "Square")
    assert counts == (7, 6, 5, 4)
    assert seeds == tuple(range(seeds[0], seeds[0] + 4))
    assert is_right(model, found, labels).tolist() == [False] * 4 + [True] * 3
    assert torch.equal(found[4:], images[4:])


def test_nothing_runs_once_all_images_are_broken(monkeypatch, net, batch, generator):
    classes = []

    def breaks_all(self, model, images, labels, ball, seed):
        classes.append(self.class_name)
        return model.broken

    monkeypatch.setattr(Peer, "attack", breaks_all)
    images, labels = batch
    chosen = (labels != labels[2]).nonzero().flatten()[2:3]
    net.broken = images[2:3]
    autoattack(4, "linf@1").perturb(net, images[chosen], labels[chosen], generator)
    assert classes == ["APGD"]


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
def test_autoattack_is_at_least_as_strong_as_pgd(trained):
    model, images, labels = trained
    images, labels = images[:80], labels[:80]
    accuracy = {}
    for name in ("pgd-20", "autoattack"):
        attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/8"), 4)
        found = attack.perturb(model, images, labels, torch.Generator().manual_seed(0))
        accuracy[name] = float(is_right(model, found, labels).float().mean())
    assert 0.2 < accuracy["autoattack"] <= accuracy["pgd-20"] < 0.9
