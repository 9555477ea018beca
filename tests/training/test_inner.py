"""The inner attack: closed forms on a linear model, its constraints, and what it leaves alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.training.inner import GAUSSIAN_START_SHARE, InnerAttack


def test_on_a_linear_model_the_attack_ends_in_the_worst_corner(linear, generator):
    images = torch.rand(10, 1, 2, 2, generator=generator)
    labels = torch.tensor([0, 1] * 5)
    attack = InnerAttack(radius=0.2, step_size=0.1, steps=6, start="uniform")
    with untouched(linear):
        adversarial = attack.maximise(linear, images, labels, generator)
    weights = linear[1].weight.detach()
    for image, label, result in zip(images, labels, adversarial, strict=True):
        away = weights[1 - label] - weights[label]
        expected = (image.flatten() + 0.2 * away.sign()).clamp(0, 1)
        assert torch.allclose(result.flatten(), expected)


@given(
    radius=st.floats(0.01, 2),
    step_share=st.floats(0, 5),
    steps=st.integers(1, 4),
    start=st.sampled_from(["gaussian", "uniform"]),
    seed=st.integers(0, 1000),
)
def test_every_result_lies_in_the_ball_and_in_the_value_range(radius, step_share, steps, start, seed):
    source = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    with torch.no_grad():
        model[1].weight.normal_(generator=source)
    images = torch.rand(5, 3, 2, 2, generator=source) * 2 - 1
    images[0], images[1] = -1, 1
    attack = InnerAttack(radius, step_share * radius, steps, start, low=-1.0, high=1.0)
    with untouched(model):
        adversarial = attack.maximise(model, images, torch.tensor([0, 1, 2, 0, 1]), source)
    assert adversarial.shape == images.shape
    assert not adversarial.requires_grad
    assert adversarial.min() >= -1
    assert adversarial.max() <= 1
    assert (adversarial - images).abs().max() <= radius * (1 + 1e-6)


def test_a_uniform_start_fills_the_ball_and_a_gaussian_one_stays_near(linear, generator):
    images = torch.full((2000, 1, 2, 2), 0.5)
    labels = torch.zeros(2000, dtype=torch.int64)
    offsets = {}
    for start in ("uniform", "gaussian"):
        attack = InnerAttack(radius=0.2, step_size=0.0, steps=1, start=start)
        with untouched(linear):
            offsets[start] = attack.maximise(linear, images, labels, generator) - images
    assert offsets["uniform"].std().item() == pytest.approx(0.2 / 3**0.5, rel=0.03)
    assert offsets["uniform"].min() < -0.199
    assert offsets["uniform"].max() > 0.199
    assert offsets["gaussian"].std().item() == pytest.approx(GAUSSIAN_START_SHARE, rel=0.03)


def test_ascent_on_probabilities_equals_ascent_on_their_kl_divergence(convolutional, batch):
    images = batch[0].double()
    convolutional.double().eval()
    attack = InnerAttack(radius=0.1, step_size=0.025, steps=5, start="gaussian")
    with untouched(convolutional):
        clean = convolutional(images).softmax(1)
        adversarial = attack.maximise(convolutional, images, clean, torch.Generator().manual_seed(2))
    point = images + 0.001 * torch.empty_like(images).normal_(generator=torch.Generator().manual_seed(2))
    point = point.clamp(0, 1)
    for _ in range(5):
        point = point.detach().requires_grad_()
        attacked = convolutional(point).softmax(1)
        divergence = (clean * (clean.log() - attacked.log())).sum()
        divergence.backward()
        moved = point.detach() + 0.025 * point.grad.sign()
        point = torch.minimum(torch.maximum(moved, images - 0.1), images + 0.1).clamp(0, 1)
    assert torch.allclose(adversarial, point)


def test_the_attack_raises_the_loss(convolutional, batch, generator):
    images, labels = batch
    attack = InnerAttack(radius=0.1, step_size=0.025, steps=5, start="uniform")
    with untouched(convolutional):
        adversarial = attack.maximise(convolutional, images, labels, generator)
        clean_loss = nn.functional.cross_entropy(convolutional(images), labels)
        assert nn.functional.cross_entropy(convolutional(adversarial), labels) > clean_loss + 0.01


def test_the_attack_leaves_statistics_gradients_images_and_the_global_random_state_alone(
    convolutional, batch, generator
):
    images, labels = batch
    convolutional.train()
    state = {name: value.clone() for name, value in convolutional.state_dict().items()}
    before, random_state = images.clone(), torch.get_rng_state()
    attack = InnerAttack(radius=0.1, step_size=0.05, steps=3, start="uniform")
    with untouched(convolutional):
        attack.maximise(convolutional, images, labels, generator)
    assert all(torch.equal(value, state[name]) for name, value in convolutional.state_dict().items())
    assert all(parameter.grad is None for parameter in convolutional.parameters())
    assert torch.equal(images, before)
    assert not images.requires_grad
    assert torch.equal(torch.get_rng_state(), random_state)
