from copy import deepcopy

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.neuron_attribution import Attribution, NeuronAttribution, integrated_attention
from rcnas_zoo.attacks.victim import Victim, is_right
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, conv_net

NORMS = pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])


def attack(threat, low=0.0, high=1.0, **attribution):
    ball = make_ball(ThreatModel.parse(threat), low, high)
    return NeuronAttribution("naa", ball, Attribution(**attribution))


def plain_attack(net, image, label, seed, threat, low, high, gamma):
    """The attack on one image (1, C, H, W) as a plain loop over the two halves of the network; the last iterate."""
    front, back = net[:3], net[3:]
    norm, radius = threat.split("@")
    radius = {"1/8": 0.125, "3/5": 0.6}[radius] * (high - low)
    source, attention = torch.Generator().manual_seed(seed), 0
    for m in range(30, 0, -1):
        noisy = image + 0.2 * (high - low) * torch.randn(image.shape[1:], generator=source)
        neurons = front(m / 30 * noisy + (1 - m / 30) * low).detach().requires_grad_()
        chance = torch.softmax(back(neurons), 1)[0, label]
        attention = attention + torch.autograd.grad(chance, neurons)[0] / 30
    attention = attention / attention.square().sum().sqrt()
    black = front(torch.full_like(image, low)).detach()
    current, momentum = image, torch.zeros_like(image)
    for _ in range(10):
        current = current.detach().requires_grad_()
        attributions = (front(current) - black) * attention
        loss = attributions[attributions > 0].sum() + gamma * attributions[attributions < 0].sum()
        slope = torch.autograd.grad(loss, current)[0]
        momentum = momentum + slope / slope.abs().mean()
        if norm == "linf":
            moved = current.detach() - radius / 10 * momentum.sign()
            moved = torch.minimum(torch.maximum(moved, image - radius), image + radius)
        else:
            moved = current.detach() - radius / 10 * momentum / momentum.norm()
            moved = image + (moved - image) * min(1.0, radius / float((moved - image).norm()))
        current = moved.clamp(low, high)
    return current


@NORMS
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 3.0)])
@pytest.mark.parametrize("gamma", [1.0, 0.3])
def test_it_follows_a_plain_loop(threat, low, high, gamma, trained):
    """In float64, where no sign hangs on the rounding of a sum."""
    net = nn.Sequential(*deepcopy(trained[0])).double().requires_grad_(False)
    images, labels = low + (high - low) * trained[1][:12].double(), trained[2][:12]
    seeds = list(range(50, 62))
    whole = attack(threat, low, high, gamma=gamma)
    hunt = Hunt(Victim(net), whole.ball, images, labels, to_the_end=True)
    whole.run(hunt, seeds)
    for i in range(12):
        expected = plain_attack(net, images[i : i + 1], labels[i], seeds[i], threat, low, high, gamma)
        assert torch.allclose(hunt.found[i : i + 1], expected, atol=1e-6)
    moved = whole.ball.distance(hunt.found, images)
    assert (moved > 0.3 * whole.ball.radius).all()


class Halves(nn.Module):
    """An affine layer, and logits that are linear in it."""

    def __init__(self, generator):
        super().__init__()
        self.front = Linear(torch.randn((6, 16), generator=generator) / 4, torch.randn(6, generator=generator))
        self.back = Linear(torch.randn((2, 6), generator=generator), 0.0)

    def forward(self, images):
        return self.back(self.front(images))


@NORMS
def test_on_a_linear_network_of_two_classes_it_walks_straight(threat, generator):
    """Whatever the noise, each gradient of the probability points along the difference of the two classes."""
    model = Halves(generator)
    images = 0.4 + 0.2 * torch.rand((20, 1, 4, 4), generator=generator)
    labels = torch.arange(20) % 2
    whole = attack(threat).to_the_end()
    found = whole.perturb(model, images, labels, generator)
    way = (model.back.weights[1] - model.back.weights[0]) @ model.front.weights
    way = torch.where(labels[:, None] == 0, way, -way).view(20, 1, 4, 4).detach()
    expected = images + whole.ball.radius * whole.ball.direction(way)
    assert torch.allclose(found, expected.clamp(0, 1), atol=1e-5)


def test_attention_is_complete_on_an_affine_layer(generator):
    """Without noise the attributions of all neurons add up to what the image adds to the probability of its label."""
    model = Halves(generator).double().requires_grad_(False)
    images = torch.rand((9, 1, 4, 4), generator=generator).double() * 4
    labels, black = torch.arange(9) % 2, torch.zeros((1, 1, 4, 4), dtype=torch.float64)
    hunt = Hunt(Victim(model), make_ball(ThreatModel.parse("linf@1/8"), 0.0, 4.0), images, labels)
    attention = integrated_attention(hunt, model.front, list(range(9)), Attribution(points=4000, noise=0.0))
    sums = ((model.front(images) - model.front(black)) * attention).sum(1)
    gains = (model(images).softmax(1) - model(black).softmax(1)).gather(1, labels[:, None])[:, 0]
    assert gains.abs().max() > 0.1
    assert torch.allclose(sums, gains, atol=1e-3)


@NORMS
def test_an_image_alone_meets_the_same_attack_as_in_a_batch(threat, trained):
    model = deepcopy(trained[0]).double()
    images, labels = trained[1][:20].double(), trained[2][:20]
    right = is_right(model, images, labels)
    images, labels = images[right], labels[right]

    def attacked(chosen):
        hunt = Hunt(Victim(model), attack(threat).ball, images[chosen], labels[chosen])
        attack(threat).run(hunt, list(range(100, 200))[chosen])
        return hunt.found

    with untouched(model):
        whole = attacked(slice(0, len(images)))
        alone = torch.cat([attacked(slice(i, i + 1)) for i in range(len(images))])
    assert torch.allclose(whole, alone, atol=1e-6)


@NORMS
def test_it_breaks_images_and_carries_over_to_another_network(threat, trained):
    """Another network here is the same with a little noise on its weights; random moves as large break hardly any."""
    model, images, labels = trained
    other, source = deepcopy(model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in other.parameters():
            weight += 0.1 * weight.std() * torch.randn(weight.shape, generator=source)
    whole = attack(threat)
    found = whole.perturb(model, images, labels, torch.Generator().manual_seed(1))
    last = whole.to_the_end().perturb(model, images, labels, torch.Generator().manual_seed(1))
    random = whole.ball.surface_start(images, list(range(len(images))))

    def accuracy(net, points):
        return float(is_right(net, points, labels).double().mean())

    assert accuracy(model, found) < accuracy(model, random) - 0.05
    assert accuracy(other, last) < accuracy(other, random) - 0.05


def test_no_hook_is_left_also_after_an_error(net, batch, generator):
    class Failing(nn.Sequential):
        calls = 0

        def forward(self, images):
            self.calls += 1
            if self.calls == 35:
                raise RuntimeError("out of luck")
            return super().forward(images)

    attack("linf@1/8").perturb(net, *batch, generator)
    model = Failing(*net)
    with pytest.raises(RuntimeError, match="out of luck"):
        attack("linf@1/8").perturb(model, *batch, generator)
    assert not any(module._forward_hooks for module in [*net.modules(), *model.modules()])


def test_a_model_without_a_middle_or_without_gradients_is_refused(net, batch, generator):
    with pytest.raises(InvalidInput, match="at least two child modules"):
        attack("linf@1/8").perturb(Linear(torch.eye(4, 36)), *batch, generator)

    class Rounded(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, images):
            return self.net(images).detach()

    labels = net(batch[0]).argmax(1)
    with pytest.raises(InvalidInput, match="must be differentiable for an attack by gradients; attack it with square"):
        attack("linf@1/8").perturb(Rounded(), batch[0], labels, generator)


def test_settings_tell_every_number():
    assert attack("linf@16/255").settings == {
        "attack": "naa",
        "threat": "linf@16/255",
        "range": [0.0, 1.0],
        "points": 30,
        "noise": 0.2,
        "gamma": 1.0,
        "momentum": 1.0,
        "steps": 10,
        "step_size": "8/1275",
        "layer": "end of the middle stage",
        "start": "image",
        "result": "first misclassified iterate, else the last",
    }


def test_a_network_that_takes_everything_for_the_same_shows_no_direction(generator):
    net = conv_net(4)
    with torch.no_grad():
        net[4].weight.zero_()
    images = torch.rand((3, 1, 6, 6), generator=generator)
    found = attack("linf@1/8").perturb(net, images, net(images).argmax(1), generator)
    assert torch.equal(found, images)
