import pytest
import torch

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.spec import AttackName, ThreatModel


@pytest.mark.parametrize("name", ["fgsm", "pgd-3", "cw-3"])
def test_to_the_end_every_image_is_attacked_for_all_steps(name, net, batch, generator):
    images, labels = batch
    attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/20"), 4)
    assert 0 < (net(images).argmax(1) != labels).sum() < len(images)
    stopped = attack.perturb(net, images, labels, generator)
    pressed = attack.to_the_end().perturb(net, images, labels, generator)
    misclassified = net(images).argmax(1) != labels
    assert torch.equal(stopped[misclassified], images[misclassified])
    assert ((pressed - images).abs().amax((1, 2, 3)) > 0)[misclassified].all()
    assert attack.ball.excess(pressed, images) <= 1e-6
    assert attack.to_the_end().settings["result"] == "last iterate" != attack.settings.get("result")


@pytest.mark.parametrize("name", ["clean", "pgd-3", "autoattack", "a3", "torchattacks:FGSM"])
def test_an_attack_that_searches_nothing_is_fit_as_it_is(name, net, batch, generator):
    attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/20"), 4)
    assert attack.fitted(net, *batch, generator) is attack
