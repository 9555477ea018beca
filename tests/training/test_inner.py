"""The inner attack: closed forms on a linear model, its constraints, its starts, and what it sees."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.attacks.apgd import apgd
from rcnas_zoo.attacks.region import Box
from rcnas_zoo.spec.recipe import INNER_ATTACKS, TrainingRecipe
from rcnas_zoo.training.batches import Batch
from rcnas_zoo.training.inner import InnerAttack


def uniform(images, generator):
    return 2 * torch.rand(images.shape, generator=generator) - 1


@pytest.mark.parametrize("method", ["pgd-ce", "apgd-ce"])
def test_on_a_linear_model_the_attack_ends_in_the_worst_corner(linear, generator, method):
    images, labels = torch.rand(10, 1, 2, 2, generator=generator), torch.tensor([0, 1] * 5)
    attack = InnerAttack(method, radius=0.2, step_size=0.1, steps=6, start="uniform")
    adversarial = attack.craft(linear, Batch(images, labels, uniform(images, generator)))
    weights = linear[1].weight.detach()
    for image, label, result in zip(images, labels, adversarial, strict=True):
        away = weights[1 - label] - weights[label]
        expected = (image.flatten() + 0.2 * away.sign()).clamp(0, 1)
        # The labels do not hang on pixels of weight zero, so an attack leaves them where they start.
        assert torch.allclose(result.flatten()[away != 0], expected[away != 0])


@given(
    method=st.sampled_from(INNER_ATTACKS),
    radius=st.floats(0.01, 2),
    step_share=st.floats(0, 5),
    steps=st.integers(1, 4),
    start=st.sampled_from(["gaussian", "uniform", "noise"]),
    mode=st.sampled_from(["eval", "train"]),
    seed=st.integers(0, 1000),
)
def test_every_result_lies_in_the_ball_and_in_the_value_range(method, radius, step_share, steps, start, mode, seed):
    source = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 3))
    with torch.no_grad():
        model[2].weight.normal_(generator=source)
    images = torch.rand(5, 3, 2, 2, generator=source) * 2 - 1
    images[0], images[1] = -1, 1
    noise = uniform(images, source)
    attack = InnerAttack(method, radius, step_share * radius, steps, start, mode, low=-1.0, high=1.0)
    adversarial = attack.craft(model, Batch(images, torch.tensor([0, 1, 2, 0, 1]), noise))
    assert adversarial.shape == images.shape
    assert not adversarial.requires_grad
    assert adversarial.min() >= -1
    assert adversarial.max() <= 1
    # From noise there is no projection: twice the radius, and each step on top.
    reach = radius * (2 + steps * (2 if method == "apgd-ce" else step_share)) if start == "noise" else radius
    assert (adversarial - images).abs().max() <= reach * (1 + 1e-6) + 1e-6


def offsets(linear, start, noise, low=0.0, high=1.0, centre=0.5):
    """How far images at the centre of the range are moved before the first step."""
    images = torch.full_like(noise, centre)
    attack = InnerAttack("pgd-ce", radius=0.2, step_size=0.0, steps=1, start=start, low=low, high=high)
    return attack.craft(linear, Batch(images, torch.zeros(len(noise), dtype=torch.int64), noise)) - images


def test_the_start_is_the_given_noise_at_its_scale(linear, generator):
    noise = uniform(torch.empty(50, 1, 2, 2), generator)
    assert torch.allclose(offsets(linear, "gaussian", noise), 0.001 * noise, atol=1e-6)
    assert torch.allclose(offsets(linear, "gaussian", noise, -1.0, 1.0, 0.0), 0.002 * noise, atol=1e-6)
    assert torch.allclose(offsets(linear, "uniform", noise), 0.2 * noise, atol=1e-6)
    assert torch.allclose(offsets(linear, "noise", noise), 0.4 * noise, atol=1e-6)


def test_no_start_leaves_the_value_range_and_only_noise_leaves_the_ball(linear, generator):
    noise = 300 * torch.empty(50, 1, 2, 2).normal_(generator=generator)
    assert offsets(linear, "gaussian", noise).abs().max() == pytest.approx(0.2)
    assert offsets(linear, "uniform", noise, centre=0.9).max() == pytest.approx(0.1)
    assert offsets(linear, "noise", noise, centre=0.9).min() == pytest.approx(-0.9)
    assert offsets(linear, "noise", noise, centre=0.9).max() == pytest.approx(0.1)


def test_n_fgsm_steps_from_the_noise_and_is_not_projected(linear, generator):
    images, labels = torch.full((20, 1, 2, 2), 0.5), torch.tensor([0, 1] * 10)
    noise = uniform(images, generator)
    attack = InnerAttack("pgd-ce", radius=0.1, step_size=0.1, steps=1, start="noise")
    adversarial = attack.craft(linear, Batch(images, labels, noise))
    weights = linear[1].weight.detach()
    ascent = (weights[1 - labels] - weights[labels]).sign().view_as(images)
    assert torch.allclose(adversarial, images + 0.2 * noise + 0.1 * ascent, atol=1e-6)
    assert (adversarial - images).abs().max() > 0.25


def test_ascent_on_probabilities_equals_ascent_on_their_kl_divergence(convolutional, batch):
    images, labels = batch[0].double(), batch[1]
    convolutional.double().eval()
    noise = torch.empty_like(images).normal_(generator=torch.Generator().manual_seed(2))
    attack = InnerAttack("pgd-kl", radius=0.1, step_size=0.025, steps=5, start="gaussian")
    adversarial = attack.craft(convolutional, Batch(images, labels, noise))
    clean = convolutional(images).softmax(1).detach()
    point = (images + 0.001 * noise).clamp(0, 1)
    for _ in range(5):
        point = point.detach().requires_grad_()
        attacked = convolutional(point).softmax(1)
        divergence = (clean * (clean.log() - attacked.log())).sum()
        divergence.backward()
        moved = point.detach() + 0.025 * point.grad.sign()
        point = torch.minimum(torch.maximum(moved, images - 0.1), images + 0.1).clamp(0, 1)
    assert torch.allclose(adversarial, point)


def test_apgd_climbs_alone_for_every_image_from_its_start_with_steps_of_two_radii(convolutional, batch):
    images, labels = batch[0].double(), batch[1]
    convolutional.double().eval()
    noise = uniform(images, torch.Generator().manual_seed(2)).double()
    adversarial = InnerAttack("apgd-ce", 0.1, 0.025, 6, "uniform").craft(convolutional, Batch(images, labels, noise))
    for i in range(len(images)):
        one = slice(i, i + 1)

        def climb(point, one=one):
            point = point.detach().requires_grad_()
            loss = -convolutional(point).log_softmax(1)[0, labels[one]]
            return loss.detach(), torch.autograd.grad(loss.sum(), point)[0], None

        box = Box((images[one] - 0.1).clamp(0, 1), (images[one] + 0.1).clamp(0, 1))
        expected = apgd(climb, images[one] + 0.1 * noise[one], box, 6, 0.2)
        assert torch.allclose(adversarial[one], expected, atol=1e-12)


@pytest.mark.parametrize("method", ["pgd-ce", "apgd-ce"])
def test_the_attack_raises_the_loss(convolutional, batch, generator, method):
    images, labels = batch
    convolutional.eval()
    attack = InnerAttack(method, radius=0.1, step_size=0.025, steps=5, start="uniform")
    adversarial = attack.craft(convolutional, Batch(images, labels, uniform(images, generator)))
    clean_loss = nn.functional.cross_entropy(convolutional(images), labels)
    assert nn.functional.cross_entropy(convolutional(adversarial), labels) > clean_loss + 0.01


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize(("method", "passes"), [("pgd-ce", 3), ("pgd-kl", 4), ("apgd-ce", 4)])
def test_in_train_mode_alone_the_statistics_see_every_pass(convolutional, batch, generator, mode, method, passes):
    images, labels = batch
    attack = InnerAttack(method, radius=0.1, step_size=0.05, steps=3, start="uniform", mode=mode)
    attack.craft(convolutional.eval(), Batch(images, labels, uniform(images, generator)))
    assert convolutional[1].num_batches_tracked.item() == (passes if mode == "train" else 0)
    assert not convolutional.training


def test_an_error_in_the_attack_leaves_the_network_as_it_was(convolutional, batch, generator):
    images, labels = batch
    convolutional.train()
    handle = convolutional[6].register_forward_hook(lambda *_: pytest.fail("no way"))
    with pytest.raises(pytest.fail.Exception):
        InnerAttack("pgd-ce", 0.1, 0.05, 3, "uniform").craft(convolutional, Batch(images, labels, images))
    handle.remove()
    assert all(module.training for module in convolutional.modules())
    assert all(parameter.requires_grad for parameter in convolutional.parameters())


def test_the_attack_of_a_recipe_has_its_own_method_or_that_of_the_objective():
    recipe = TrainingRecipe(threat="linf@1/8", attack_steps=7, attack_step_size=0.5, attack_start="uniform")
    assert InnerAttack.of(recipe, "pgd-kl", 0.0, 1.0) == InnerAttack("pgd-kl", 0.125, 0.0625, 7, "uniform")
    changed = recipe.with_changes(inner_attack="apgd-ce", attack_mode="train")
    expected = InnerAttack("apgd-ce", 0.5, 0.25, 7, "uniform", "train", -2.0, 2.0)
    assert InnerAttack.of(changed, "pgd-kl", -2.0, 2.0) == expected
