"""Our AutoAttack beside its authors' own code, where that is installed: it has no release to depend on."""

import pytest
import torch

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel

WHY = "the authors' autoattack is not installed (it has no release, and what torchattacks 3.3 brings does not import)"
pytest.importorskip("autoattack.fab_pt", reason=WHY, exc_type=ImportError)
official = pytest.importorskip("autoattack.autoattack", reason=WHY, exc_type=ImportError)

CLASSES = 4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("threat", "norm"), [("linf@1/8", "Linf"), ("l2@3/5", "L2")])
def test_the_same_images_stand(trained, threat, norm):
    net, images, labels = trained
    parsed = ThreatModel.parse(threat)
    theirs = official.AutoAttack(net, norm=norm, eps=float(parsed.radius), verbose=False, device="cpu", seed=0)
    # Nine targets are the default, whatever the number of classes.
    theirs.apgd_targeted.n_target_classes = theirs.fab.n_target_classes = CLASSES - 1
    state = torch.get_rng_state()
    expected = is_right(net, theirs.run_standard_evaluation(images, labels, bs=len(images)), labels)
    torch.set_rng_state(state)
    ours = make_attack(AttackName.parse("autoattack"), parsed, CLASSES)
    found = is_right(net, ours.perturb(net, images, labels, torch.Generator().manual_seed(0)), labels)
    assert 0.2 < float(expected.float().mean()) < 0.9
    assert int(found.sum()) <= int(expected.sum()) + 1
    assert float((found == expected).float().mean()) >= 0.99
