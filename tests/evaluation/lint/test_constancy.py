import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import Examples
from rcnas_zoo.evaluation.lint.constancy import constancy_flags


def flags_of(model, images):
    examples = Examples(images, torch.zeros(len(images), dtype=torch.int64), 0.0, 1.0, 4, torch.device("cpu"))
    with untouched(model):
        return list(constancy_flags(model, examples, torch.Generator().manual_seed(0)))


def names_of(model, images):
    return [flag.split(":")[0] for flag in flags_of(model, images)]


class Odd(nn.Module):
    """A network whose logits get something more."""

    def __init__(self, network, more):
        super().__init__()
        self.network, self.more = network, more
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, images):
        return self.network(images) + self.more(self, images)


def counted(model, images):
    model.calls += 1
    return torch.zeros(len(images), 1)


ODDITIES = {
    "noise": (lambda model, images: 0.1 * torch.randn(len(images), 4), ["answers-differ"]),
    "dropout": (lambda model, images: F.dropout(torch.ones(len(images), 4), training=True), ["answers-differ"]),
    "place": (lambda model, images: torch.arange(4.0) * torch.arange(len(images))[:, None], ["batch-dependent"]),
    "mean of the batch": (lambda model, images: torch.arange(4.0) * images[0].mean(), ["batch-dependent"]),
    "size of the batch": (lambda model, images: torch.arange(4.0) / len(images), ["batch-dependent"]),
    "no gradients": (lambda model, images: torch.arange(4.0) * torch.is_grad_enabled(), ["attack-dependent"]),
    "asked for gradients": (lambda model, images: torch.arange(4.0) * images.requires_grad, ["attack-dependent"]),
    "calls": (counted, ["state-changes"]),
    "last digits": (
        lambda model, images: (1e5 * images.flatten(1)[:, :1]).round() % 2 * torch.arange(4.0),
        ["answers-jump"],
    ),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_each_oddity_is_named(name, conv, images):
    more, expected = ODDITIES[name]
    assert names_of(Odd(conv, more), images) == expected


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_function_of_one_image_is_constant_at_any_scale(scale, conv, images):
    assert names_of(Odd(conv, lambda model, images: (scale - 1) * conv(images)), images) == []
    assert names_of(conv, images[:1]) == []


def test_noise_counts_as_a_share_of_the_spread(conv, images):
    logits = conv(images).detach()
    spread = float((logits - logits.mean(1, keepdim=True)).abs().amax())

    def noise(share):
        return lambda model, images: share * spread * torch.randn(len(images), 4)

    assert names_of(Odd(conv, noise(1e-6)), images) == []
    assert names_of(Odd(conv, noise(1e-1)), images) == ["answers-differ"]


def test_the_flag_tells_how_many_and_how_much(conv, images):
    model = Odd(conv, lambda model, images: torch.arange(4.0) * images.requires_grad)
    (flag,) = flags_of(model, images)
    logits = conv(images).detach()
    change = (3 / (logits - logits.mean(1, keepdim=True)).abs().amax(1)).max()
    assert flag == (
        f"attack-dependent: 30 of 30 images change their logits by up to {float(change):.2g} of their spread "
        "when a gradient is asked for"
    )


def test_the_model_never_sees_a_pixel_outside_the_range(conv, images):
    seen = []
    conv.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().aminmax()))
    assert names_of(conv, (images > 0.5).float()) == []
    assert all(least >= 0 and most <= 1 for least, most in seen)
