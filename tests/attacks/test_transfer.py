import pytest
import torch

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.transfer import Source, TransferAttack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import PLAIN_ATTACKS, AttackName
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Recorder, blobs, conv_net, trained_net


def made(name, threat="linf@1/10"):
    return make_attack(AttackName.parse(name), ThreatModel.parse(threat), 4)


@pytest.fixture(scope="module")
def nets():
    """Two networks that know the blobs, and fresh images of them."""
    return trained_net(), conv_net(4, seed=5), *blobs(60, seed=4)


@pytest.mark.parametrize("name", ["fgsm", "pgd-5", "apgd-ce", "naa"])
def test_what_the_source_makes_of_an_image_is_shown_to_the_target(name, nets):
    source, target, images, _ = nets
    labels = target(images).argmax(1)
    attack = TransferAttack(made(name), Source(source, "s"))
    found = attack.perturb(target, images, labels, torch.Generator().manual_seed(0))
    expected = made(name).to_the_end().perturb(source, images, labels, torch.Generator().manual_seed(0))
    assert torch.equal(found, expected)
    assert 0 < int(is_right(target, found, labels).sum()) < 60


def test_the_target_is_asked_for_nothing_but_its_answer_on_clean_images(nets):
    source, target, images, labels = nets
    recorder = Recorder(target)
    TransferAttack(made("pgd-5"), Source(source, "s")).perturb(recorder, images, labels, torch.Generator())
    assert [len(seen) for seen in recorder.seen] == [60]
    assert torch.equal(recorder.seen[0], images)


def test_the_settings_name_the_source():
    settings = TransferAttack(made("pgd-5"), Source(conv_net(4), "abc")).settings
    assert settings == {**made("pgd-5").to_the_end().settings, "source": "abc"}


@pytest.mark.usefixtures("quick_autoattack")
@pytest.mark.parametrize("name", [name for name in PLAIN_ATTACKS if name != "clean"] + ["pgd-5", "cw-5"])
def test_what_breaks_a_network_breaks_it_as_its_own_source_too(name, trained):
    net, images, labels = trained
    attack = TransferAttack(made(name, "linf@1/5"), Source(net, "s"))
    fitted = attack.fitted(net, images, labels, torch.Generator().manual_seed(0))
    found = fitted.perturb(net, images, labels, torch.Generator().manual_seed(0))
    clean, attacked = (int(is_right(net, points, labels).sum()) for points in (images, found))
    assert attacked < clean
    assert (attack.whole, attack.together) == (made(name).whole, made(name).together)
