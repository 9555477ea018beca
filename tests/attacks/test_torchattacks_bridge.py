import subprocess
import sys

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.ball import LinfBall
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.torchattacks_bridge import Peer, peer_classes
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.threat import ThreatModel

LINF = ThreatModel.parse("linf@1/8")


def peer(class_name, threat="linf@1/8"):
    return make_attack(AttackName.parse(f"torchattacks:{class_name}"), ThreatModel.parse(threat), 4)


def test_classes_that_need_more_than_a_model_are_not_offered():
    assert {"PGD", "CW", "AutoAttack"} <= peer_classes().keys()
    assert not {"MultiAttack", "LGV", "attack"} & peer_classes().keys()


def test_an_unknown_class_is_answered_with_its_neighbour():
    with pytest.raises(InvalidInput, match=r"torchattacks must be one of .*, got 'PGDLL2' \(did you mean 'PGDL2'\?\)"):
        peer("PGDLL2")


def test_a_linf_attack_under_an_l2_threat_is_refused():
    with pytest.raises(InvalidInput, match="torchattacks:PGD must be Linf, got l2@1/2; write linf@8/255"):
        peer("PGD", "l2@1/2")


def test_radius_norm_and_classes_are_passed_on():
    assert peer("FGSM").settings["arguments"] == {"eps": 1 / 8}
    assert peer("PGDL2", "l2@1/2").settings["arguments"]["eps"] == 0.5
    fab = peer("FAB", "l2@1/2").settings["arguments"]
    assert (fab["norm"], fab["eps"], fab["n_classes"]) == ("L2", 0.5, 4)
    # Its radius is Euclidean, so it keeps its own and the Linf ball is enforced afterwards.
    assert peer("PGDL2").settings["arguments"]["eps"] == 1.0


def test_settings_name_the_library_and_what_happens_outside_the_ball():
    settings = peer("CW").settings
    assert settings["library"].startswith("torchattacks 3.")
    assert settings["outside"] == "projected"
    assert settings["arguments"]["steps"] == 50


def test_what_an_attack_finds_outside_the_ball_is_projected(trained, generator):
    model, images, labels = trained
    attack = peer("CW", "linf@1/100")
    right = is_right(model, images, labels)
    with untouched(model):
        raw = Peer("CW", {}).attack(model, images[right], labels[right], attack.ball, seed=0)
    assert attack.ball.excess(raw, images[right]) > 0.1
    found = attack.perturb(model, images, labels, generator)
    assert attack.ball.excess(found, images) < 1e-6


def test_a_failing_attack_is_told_in_one_line(net, batch, generator):
    with pytest.raises(Unavailable, match=r"torchattacks:TIFGSM must run .* \(10, 1, 6, 6\), it failed with Runtime"):
        peer("TIFGSM").perturb(net, *batch, generator)


def test_a_model_without_parameters_can_be_attacked(generator):
    class Halves(nn.Module):
        def forward(self, images):
            return torch.stack([images[..., :3].mean((1, 2, 3)), images[..., 3:].mean((1, 2, 3))], 1)

    images = torch.rand((5, 1, 6, 6), generator=generator)
    labels = Halves()(images).argmax(1)
    found = peer("FGSM", "linf@1/2").perturb(Halves(), images, labels, generator)
    assert not is_right(Halves(), found, labels).any()


def test_our_pgd_is_as_strong_as_its_peers(trained):
    model, images, labels = trained

    def accuracy(attack):
        found = attack.perturb(model, images, labels, torch.Generator().manual_seed(0))
        return float(is_right(model, found, labels).float().mean())

    ours = accuracy(make_attack(AttackName.parse("pgd-20"), LINF, 4))
    assert 0.2 < ours < 0.9
    with untouched(model):
        settings = {"eps": 1 / 8, "alpha": 1 / 32, "steps": 20}
        found = Peer("PGD", settings).attack(model, images, labels, LinfBall(LINF), seed=0)
    assert ours == pytest.approx(float(is_right(model, found, labels).float().mean()), abs=0.02)
    assert ours == pytest.approx(accuracy(peer("APGD")), abs=0.02)
    assert ours == pytest.approx(accuracy(make_attack(AttackName.parse("cw-20"), LINF, 4)), abs=0.02)


def test_the_same_radius_holds_in_another_value_range(net, batch):
    images, labels = batch
    ball = LinfBall(LINF, low=0.0, high=255.0)

    class Pixels(nn.Module):
        def forward(self, images):
            return net(images / 255)

    with untouched(net):
        small = Peer("FGSM", {"eps": 1 / 8}).attack(net, images, labels, LinfBall(LINF), seed=0)
        large = Peer("FGSM", {"eps": 1 / 8}).attack(Pixels(), images * 255, labels, ball, seed=0)
    assert torch.allclose(large / 255, small, atol=1e-5)


def test_making_our_own_attacks_imports_no_torchattacks():
    code = """
import sys
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel
for name in ("pgd-20", "autoattack"):
    make_attack(AttackName.parse(name), ThreatModel.parse("linf@8/255"), 10)
heavy = {"mlflow", "optuna", "torchattacks", "ptflops", "torchvision", "sklearn", "scipy", "matplotlib"}
sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
