import json
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.attacks.attack_space import SPACE, Real, Whole, build, draw, space_settings
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

from .victims import conv_net


class Drawn:
    """Chooses as hypothesis says, or one end of every range."""

    def __init__(self, data=None, attack=None, end=0):
        self.data, self.attack, self.end = data, attack, end

    def suggest_categorical(self, name, choices):
        if name == "attack" and self.attack:
            return self.attack
        return self.data.draw(st.sampled_from(choices)) if self.data else choices[self.end]

    def suggest_int(self, name, low, high, *, log=False):
        return self.data.draw(st.integers(low, high)) if self.data else (low, high)[self.end]

    def suggest_float(self, name, low, high):
        return self.data.draw(st.floats(low, high)) if self.data else (low, high)[self.end]


class Counted(torch.nn.Module):
    """Counts forward passes, a backward as two more."""

    def __init__(self, model):
        super().__init__()
        self.model, self.passes = model, 0

    def forward(self, images):
        self.passes += len(images) * (3 if images.requires_grad else 1)
        return self.model(images)


@settings(max_examples=60)
@given(data=st.data(), classes=st.integers(2, 5), passes=st.integers(3, 60), threat=st.sampled_from(["linf", "l2"]))
def test_every_point_is_an_attack_within_its_passes(data, classes, passes, threat):
    point = draw(Drawn(data), classes, passes)
    point = json.loads(json.dumps(point, allow_nan=False))
    # So small a ball that no image leaves early, and each costs as much as any can.
    ball = make_ball(ThreatModel.parse(f"{threat}@1/1000000"), 0.0, 1.0)
    attack, model = build(point, ball), Counted(conv_net(classes))
    image = torch.rand((1, 1, 6, 6), generator=torch.Generator().manual_seed(0))
    label = model(image).argmax(1)
    model.passes = 0
    found = attack.perturb(model, image, label, torch.Generator().manual_seed(1))
    assert ball.excess(found, image) < 1e-6
    assert is_right(model.model, found, label).all()
    # Beyond the budget: whether the image is right, a ranking, a look at a start and at an end, of each run.
    runs = point.get("restarts") or point.get("ascents") or point.get("targets") or 1
    assert model.passes <= max(passes, 4) + 2 + 3 * runs
    assert attack.name == point["attack"]


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize("name", SPACE)
def test_the_ends_of_every_range_reach_the_attack(name, end):
    point = draw(Drawn(attack=name, end=end), 10, 10**6)
    told = build(point, make_ball(ThreatModel.parse("linf@8/255"), 0.0, 1.0)).settings
    for key, span in SPACE[name].ranges.items():
        expected = span[end] if isinstance(span, tuple) else (span.low, span.high)[end]
        assert point[key] == expected
        if key == "step_thousandths":
            assert Fraction(told["step_size"]) == Fraction(8, 255) * expected / 1000
        elif key == "ascents":
            assert told["targets" if point["loss"] == "targeted-dlr" else "restarts"] == expected
        else:
            assert told[key] == expected


@pytest.mark.parametrize("name", ["fab-t", "apgd"])
@pytest.mark.parametrize("classes", [2, 4])
def test_there_are_no_more_targets_than_wrong_classes(name, classes):
    point = draw(Drawn(attack=name, end=-1), classes, 10**6)
    if name == "fab-t":
        assert point["targets"] == classes - 1
    else:
        # With two classes the last loss of those offered is the margin, and restarts are no targets.
        assert (point["loss"], point["ascents"]) == (("margin", 9) if classes == 2 else ("targeted-dlr", 3))


def test_the_settings_tell_the_space_of_so_many_classes():
    told = space_settings(3)
    assert list(told) == list(SPACE)
    assert told["apgd"]["loss"] == ["cross-entropy", "margin", "dlr"]
    assert told["square"] == {"queries": [2000, 7999], "first_share": [0.5, 0.9]}
    assert json.loads(json.dumps(told)) == told
    assert all(isinstance(span, Whole | Real | tuple) for kind in SPACE.values() for span in kind.ranges.values())


def test_an_unknown_attack_is_refused():
    with pytest.raises(InvalidInput, match="an attack to search must be one of fgsm"):
        build({"attack": "pdg"}, make_ball(ThreatModel.parse("linf@1/10"), 0.0, 1.0))
