"""Losses against closed forms and plain implementations."""

import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.inner import InnerAttack
from rcnas_zoo.training.objectives import Clean, Sat, Trades, divergence, make_objective

ATTACK = InnerAttack(radius=0.1, step_size=0.05, steps=3, start="gaussian")


def plain_cross_entropy(logits, labels):
    rows = [torch.logsumexp(row, 0) - row[label] for row, label in zip(logits, labels, strict=True)]
    return sum(rows) / len(rows)


def plain_divergence(logits, others):
    p, q = logits.softmax(1), others.softmax(1)
    return (p * (p / q).log()).sum() / len(p)


def plain_attack(objective, images, seed):
    """Three sign steps of 0.05 on an objective, from a Gaussian start, inside radius 0.1 and [0, 1]."""
    noise = torch.empty_like(images).normal_(0, 0.001, generator=torch.Generator().manual_seed(seed))
    point = (images + noise).clamp(0, 1)
    for _ in range(3):
        point = point.detach().requires_grad_()
        step = torch.autograd.grad(objective(point), point)[0].sign()
        point = (point + 0.05 * step).clamp(images - 0.1, images + 0.1).clamp(0, 1).detach()
    return point


def gradients(model, loss):
    return torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)


def test_the_clean_loss_is_the_cross_entropy(linear, generator):
    images, labels = torch.rand(6, 1, 2, 2, generator=generator), torch.tensor([0, 1, 1, 0, 0, 1])
    loss = Clean().loss(linear, images, labels, generator)
    assert torch.allclose(loss, plain_cross_entropy(linear(images), labels))


def test_the_sat_loss_of_a_linear_model_is_the_logistic_loss_of_the_worst_margin(linear, generator):
    images = 0.3 + 0.4 * torch.rand(8, 1, 2, 2, generator=generator)
    labels = torch.tensor([0, 1] * 4)
    attack = InnerAttack(radius=0.2, step_size=0.1, steps=8, start="uniform")
    loss = Sat(attack).loss(linear, images, labels, generator)
    weight, bias = linear[1].weight[1] - linear[1].weight[0], linear[1].bias[1] - linear[1].bias[0]
    margins = (2 * labels - 1) * (images.flatten(1) @ weight + bias) - 0.2 * weight.abs().sum()
    assert torch.allclose(loss, nn.functional.softplus(-margins).mean())


def test_the_trades_loss_of_a_linear_model_moves_every_logit_difference_by_its_worst_case(linear, generator):
    images = 0.3 + 0.4 * torch.rand(8, 1, 2, 2, generator=generator)
    labels = torch.tensor([0, 1] * 4)
    attack = InnerAttack(radius=0.2, step_size=0.1, steps=12, start="gaussian")
    loss = Trades(attack, beta=6.0).loss(linear, images, labels, generator)
    weight, bias = linear[1].weight[1] - linear[1].weight[0], linear[1].bias[1] - linear[1].bias[0]
    difference, reach = images.flatten(1) @ weight + bias, 0.2 * weight.abs().sum()
    # The divergence grows with the shift of the difference, either way; the ascent picks the way it starts in.
    sides = torch.stack([_binary_divergence(difference, difference + side * reach) for side in (-1, 1)])
    clean = nn.functional.softplus(-(2 * labels - 1) * difference).mean()
    assert clean + 6 * sides.min(0).values.mean() <= loss + 1e-6
    assert loss <= clean + 6 * sides.max(0).values.mean() + 1e-6


def _binary_divergence(difference, other):
    p, q = difference.sigmoid(), other.sigmoid()
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def test_the_divergence_of_known_distributions():
    logits = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    others = torch.tensor([[0.25, 0.75], [0.25, 0.75]]).log()
    expected = (0.5 * math.log(2) + 0.5 * math.log(2 / 3)) / 2
    assert divergence(logits, others).item() == pytest.approx(expected)


def test_the_divergence_is_finite_for_logits_far_apart():
    assert divergence(torch.tensor([[500.0, -500.0]]), torch.tensor([[-500.0, 500.0]])).item() == pytest.approx(1000)


def test_trades_equals_a_plain_implementation_with_gradients_through_both_terms(convolutional, batch):
    images, labels = batch[0].double(), batch[1]
    convolutional.double().train()
    other = deepcopy(convolutional)
    loss = Trades(ATTACK, beta=6.0).loss(convolutional, images, labels, torch.Generator().manual_seed(4))

    clean = other.eval()(images).softmax(1).detach()
    adversarial = plain_attack(lambda point: (clean * (clean / other(point).softmax(1)).log()).sum(), images, seed=4)
    logits, attacked = other.train()(images), other(adversarial)
    expected = plain_cross_entropy(logits, labels) + 6 * plain_divergence(logits, attacked)
    detached = plain_cross_entropy(logits, labels) + 6 * plain_divergence(logits.detach(), attacked)

    assert torch.allclose(loss, expected)
    found, wanted = gradients(convolutional, loss), gradients(other, expected)
    assert all(torch.allclose(a, b) for a, b in zip(found, wanted, strict=True))
    assert not torch.allclose(found[-1], gradients(other, detached)[-1])


def test_sat_equals_a_plain_implementation(convolutional, batch):
    images, labels = batch[0].double(), batch[1]
    convolutional.double().train()
    other = deepcopy(convolutional).eval()
    loss = Sat(ATTACK).loss(convolutional, images, labels, torch.Generator().manual_seed(4))
    adversarial = plain_attack(lambda point: plain_cross_entropy(other(point), labels), images, seed=4)
    assert torch.allclose(loss, plain_cross_entropy(other.train()(adversarial), labels))


@pytest.mark.parametrize(("objective", "forwards"), [(Clean(), 1), (Sat(ATTACK), 1), (Trades(ATTACK, 6.0), 2)])
def test_only_the_forward_passes_of_the_update_move_the_running_statistics(
    convolutional, batch, generator, objective, forwards
):
    convolutional.train()
    objective.loss(convolutional, *batch, generator)
    assert convolutional[1].num_batches_tracked.item() == forwards
    assert all(module.training for module in convolutional.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in convolutional.parameters())


def test_the_running_statistics_of_trades_see_the_natural_batch_and_then_the_adversarial_one(
    convolutional, batch, generator
):
    images, labels = batch
    seen = []
    handle = convolutional.register_forward_pre_hook(lambda module, inputs: seen.append((module.training, inputs[0])))
    convolutional.train()
    Trades(ATTACK, 6.0).loss(convolutional, images, labels, generator)
    handle.remove()
    (natural_mode, natural), (adversarial_mode, adversarial) = seen[-2:]
    assert natural_mode
    assert adversarial_mode
    assert not any(mode for mode, _ in seen[:-2])
    assert torch.equal(natural, images)
    assert 0 < (adversarial - images).abs().max() <= 0.1 + 1e-6


def test_a_recipe_becomes_its_objective_and_its_radius_is_a_share_of_the_value_range():
    recipe = TrainingRecipe(objective="trades", threat="linf@1/5", attack_step_size=0.5, attack_steps=3, beta=4.0)
    trades = make_objective(recipe, -1.0, 1.0)
    assert trades == Trades(InnerAttack(0.4, 0.2, 3, "gaussian", -1.0, 1.0), 4.0)
    assert make_objective(recipe, 0.0, 1.0) == Trades(InnerAttack(0.2, 0.1, 3, "gaussian"), 4.0)
    assert make_objective(recipe.with_changes(objective="sat"), -1.0, 1.0) == Sat(trades.attack)
    assert make_objective(recipe.with_changes(objective="clean"), -1.0, 1.0) == Clean()
