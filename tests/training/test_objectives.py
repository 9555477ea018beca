"""Losses against closed forms and plain implementations."""

import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batch
from rcnas_zoo.training.inner import InnerAttack
from rcnas_zoo.training.objectives import Clean, Mart, Sat, Trades, divergences, make_objective

from . import plain

RECIPE = TrainingRecipe(threat="linf@1/10", attack_steps=3, attack_step_size=0.5, beta=6.0)
ATTACK = InnerAttack("pgd-ce", radius=0.1, step_size=0.05, steps=3, start="gaussian")

FAST = {"objective": "fast", "attack_steps": 1}
VARIANTS = {
    "clean": {"objective": "clean"},
    "clean, smoothed": {"objective": "clean", "label_smoothing": 0.2},
    "fgsm from a random start": {**FAST, "attack_start": "uniform", "attack_step_size": 1.25},
    "n-fgsm": {**FAST, "attack_start": "noise", "attack_step_size": 1.0},
    "fgsm in train mode": {**FAST, "attack_start": "uniform", "attack_mode": "train", "label_smoothing": 0.1},
    "sat": {"objective": "sat"},
    "sat, uniform start, smoothed": {"objective": "sat", "attack_start": "uniform", "label_smoothing": 0.1},
    "sat by kl": {"objective": "sat", "inner_attack": "pgd-kl"},
    "sat by apgd": {"objective": "sat", "inner_attack": "apgd-ce", "attack_start": "uniform"},
    "sat in train mode": {"objective": "sat", "attack_mode": "train"},
    "trades": {"objective": "trades"},
    "trades, smoothed": {"objective": "trades", "label_smoothing": 0.1},
    "trades, script": {"objective": "trades", "bn_statistics": "twice"},
    "trades, adversarial statistics": {"objective": "trades", "bn_statistics": "adversarial"},
    "trades by ce": {"objective": "trades", "inner_attack": "pgd-ce", "attack_start": "uniform"},
    "trades by apgd": {"objective": "trades", "inner_attack": "apgd-ce"},
    "trades in train mode": {"objective": "trades", "attack_mode": "train", "beta": 1.5},
    "mart": {"objective": "mart", "beta": 5.0},
    "mart, smoothed, script": {"objective": "mart", "label_smoothing": 0.1, "bn_statistics": "twice"},
    "mart, adversarial statistics": {"objective": "mart", "bn_statistics": "adversarial"},
    "mart by kl in train mode": {"objective": "mart", "inner_attack": "pgd-kl", "attack_mode": "train"},
}


@pytest.fixture
def make_batch(batch):
    """Batches of 16 images in double precision, with the noise that a start asks for."""

    def make(start="gaussian"):
        images, labels = batch
        source = torch.Generator().manual_seed(4)
        noise = torch.empty_like(images)
        noise = noise.normal_(generator=source) if start == "gaussian" else noise.uniform_(-1, 1, generator=source)
        return Batch(images.double(), labels, noise.double())

    return make


@pytest.fixture
def model(convolutional):
    """In train mode, with running statistics that are not those of a fresh network."""
    convolutional.double().train()
    with torch.no_grad():
        convolutional(torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(8)).double())
    return convolutional


def gradients(model, loss):
    return torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_images_loss_gradients_and_statistics_are_those_of_a_plain_implementation(model, make_batch, changes):
    recipe = RECIPE.with_changes(**changes)
    batch, other = make_batch(recipe.attack_start), deepcopy(model)
    objective = make_objective(recipe, 0.0, 1.0)
    adversarial = objective.craft(model, batch)
    loss = objective.loss(model, batch, adversarial)

    attacked = plain.adversary(recipe, other, batch.images, batch.labels, batch.noise)
    expected = plain.loss(recipe, other, batch.images, batch.labels, attacked)
    assert torch.allclose(adversarial, attacked, atol=1e-12)
    assert torch.allclose(loss, expected, rtol=1e-12)
    for found, wanted in zip(gradients(model, loss), gradients(other, expected), strict=True):
        assert torch.allclose(found, wanted, rtol=1e-9, atol=1e-12)
    kept, wanted_statistics = plain.running_statistics(model), plain.running_statistics(other)
    for found, wanted in zip(kept.values(), wanted_statistics.values(), strict=True):
        assert torch.allclose(torch.stack(found), torch.stack(wanted), rtol=1e-12)


def test_no_two_of_these_settings_give_the_same_loss(model, make_batch):
    losses = set()
    for changes in VARIANTS.values():
        recipe = RECIPE.with_changes(**changes)
        objective, batch, network = make_objective(recipe, 0.0, 1.0), make_batch(recipe.attack_start), deepcopy(model)
        losses.add(objective.loss(network, batch, objective.craft(network, batch)).item())
    # What batch normalisation sees changes what is kept, not what is lost: one loss of TRADES is there three times.
    assert len(losses) == len(VARIANTS) - 2


def test_the_trades_gradient_goes_through_both_terms(model, make_batch):
    batch, other = make_batch(), deepcopy(model)
    objective = make_objective(RECIPE, 0.0, 1.0)
    adversarial = objective.craft(model, batch)
    found = gradients(model, objective.loss(model, batch, adversarial))
    logits, attacked = other(batch.images), other(adversarial)
    detached = plain.cross_entropy(logits, batch.labels) + 6 * plain.divergences(logits.detach(), attacked).mean()
    assert not torch.allclose(found[-1], gradients(other, detached)[-1])


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"objective": "clean"}, "n"),
        ({"objective": "sat"}, "a"),
        ({"objective": "trades"}, "na"),
        ({"objective": "trades", "bn_statistics": "twice"}, "nan"),
        ({"objective": "trades", "bn_statistics": "adversarial"}, "a"),
        ({"objective": "mart"}, "na"),
        ({"objective": "mart", "bn_statistics": "twice"}, "nan"),
        ({"objective": "mart", "bn_statistics": "adversarial"}, "a"),
    ],
)
def test_the_running_statistics_move_a_tenth_of_the_way_to_each_batch_that_they_see(make_batch, changes, seen):
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 3)).double()
    with torch.no_grad():
        model[2].weight.normal_(generator=torch.Generator().manual_seed(0))
        model[0].running_mean.fill_(0.3)
    batch, objective = make_batch(), make_objective(RECIPE.with_changes(**changes), 0.0, 1.0)
    adversarial = objective.craft(model, batch)
    objective.loss(model, batch, adversarial)
    mean, variance = 0.3, 1.0
    for images in [{"n": batch.images, "a": adversarial}[letter] for letter in seen]:
        mean = 0.9 * mean + 0.1 * images.mean().item()
        variance = 0.9 * variance + 0.1 * images.var(unbiased=True).item()
    assert model[0].running_mean.item() == pytest.approx(mean, rel=1e-12)
    assert model[0].running_var.item() == pytest.approx(variance, rel=1e-12)
    assert model[0].momentum == 0.1


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_the_attack_hands_the_network_back_as_it_was(model, make_batch, changes):
    recipe = RECIPE.with_changes(**changes)
    model[1].eval()
    model[0].weight.requires_grad_(False)
    model[3].weight.grad = torch.ones_like(model[3].weight)
    modes = [module.training for module in model.modules()]
    state, kept = deepcopy(model.state_dict()), model[3].weight.grad
    batch, random_state = make_batch(recipe.attack_start), torch.get_rng_state()
    images = batch.images.clone()

    adversarial = make_objective(recipe, 0.0, 1.0).craft(model, batch)

    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == [False] + [True] * 9
    assert model[3].weight.grad is kept
    assert torch.equal(kept, torch.ones_like(kept))
    assert model[0].weight.grad is None
    assert torch.equal(batch.images, images)
    assert not batch.images.requires_grad
    assert not adversarial.requires_grad
    assert torch.equal(torch.get_rng_state(), random_state)
    moved = [name for name, value in model.state_dict().items() if not torch.equal(value, state[name])]
    assert all("running" in name or "tracked" in name for name in moved)
    assert bool(moved) == (recipe.attack_mode == "train")


def test_one_adversarial_batch_serves_two_losses(model, make_batch):
    batch, objective = make_batch(), make_objective(RECIPE, 0.0, 1.0)
    adversarial = objective.craft(model, batch)
    kept = adversarial.clone()
    first = objective.loss(model, batch, adversarial)
    assert torch.equal(objective.loss(model, batch, adversarial), first)
    assert torch.equal(adversarial, kept)


# Closed forms.


def test_the_sat_loss_of_a_linear_model_is_the_logistic_loss_of_the_worst_margin(linear, generator):
    images = 0.3 + 0.4 * torch.rand(8, 1, 2, 2, generator=generator)
    labels = torch.tensor([0, 1] * 4)
    batch = Batch(images, labels, 2 * torch.rand(images.shape, generator=generator) - 1)
    sat = Sat(InnerAttack("pgd-ce", radius=0.2, step_size=0.1, steps=8, start="uniform"))
    loss = sat.loss(linear, batch, sat.craft(linear, batch))
    weight, bias = linear[1].weight[1] - linear[1].weight[0], linear[1].bias[1] - linear[1].bias[0]
    margins = (2 * labels - 1) * (images.flatten(1) @ weight + bias) - 0.2 * weight.abs().sum()
    assert torch.allclose(loss, nn.functional.softplus(-margins).mean())


def test_the_trades_loss_of_a_linear_model_moves_every_logit_difference_by_its_worst_case(linear, generator):
    images = 0.3 + 0.4 * torch.rand(8, 1, 2, 2, generator=generator)
    labels = torch.tensor([0, 1] * 4)
    batch = Batch(images, labels, torch.empty_like(images).normal_(generator=generator))
    trades = Trades(InnerAttack("pgd-kl", radius=0.2, step_size=0.1, steps=12, start="gaussian"), beta=6.0)
    loss = trades.loss(linear, batch, trades.craft(linear, batch))
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


class Table(nn.Module):
    """Logits of an image are the row that its one pixel counts."""

    def __init__(self, rows):
        super().__init__()
        self.rows = nn.Parameter(torch.tensor(rows, dtype=torch.float64))

    def forward(self, images):
        return self.rows[images.flatten().long()]


def mart_of(natural, attacked, beta):
    """The MART loss of one image of class 0 with these logits before and after the attack."""
    batch = Batch(torch.zeros(1, 1, 1, 1), torch.tensor([0]), torch.zeros(1, 1, 1, 1))
    return Mart(ATTACK, beta).loss(Table([natural, attacked]), batch, torch.ones(1, 1, 1, 1)).item()


def test_mart_of_one_image_by_hand():
    """p = (1/2, 1/4, 1/4) and p' = (1/4, 1/2, 1/4): 1/2 nat of log 2, less 1/4 of it, is the divergence."""
    natural, attacked = [math.log(2), 0.0, 0.0], [0.0, math.log(2), 0.0]
    expected = math.log(4) - math.log(0.5001) + 3 * (math.log(2) / 4) * 0.5
    assert mart_of(natural, attacked, beta=3.0) == pytest.approx(expected, rel=1e-6)


def test_mart_stays_finite_at_certainty():
    """A certain mistake costs 500 nats of cross-entropy and -log(0.0001); a certain hit is worth 1e-7 of beta."""
    assert mart_of([0.0, 0.0, 0.0], [0.0, 500.0, 0.0], beta=0.0) == pytest.approx(500 - math.log(1e-4), rel=1e-6)
    without = mart_of([200.0, 0.0, 0.0], [0.0, 0.0, 0.0], beta=0.0)
    doubted = mart_of([200.0, 0.0, 0.0], [0.0, 0.0, 0.0], beta=1e6) - without
    assert doubted == pytest.approx(1e6 * 1e-7 * math.log(3), rel=1e-5)


def test_the_divergence_of_known_distributions():
    logits = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    others = torch.tensor([[0.25, 0.75], [0.25, 0.75]]).log()
    expected = [0.5 * math.log(2) + 0.5 * math.log(2 / 3), 0]
    assert divergences(logits, others).tolist() == pytest.approx(expected, abs=1e-7)


def test_the_divergence_is_finite_for_logits_far_apart():
    apart = divergences(torch.tensor([[500.0, -500.0]]), torch.tensor([[-500.0, 500.0]]))
    assert apart.item() == pytest.approx(1000)


# From recipes.


def test_a_recipe_becomes_its_objective_and_its_radius_is_a_share_of_the_value_range():
    recipe = TrainingRecipe(objective="trades", threat="linf@1/5", attack_step_size=0.5, attack_steps=3, beta=4.0)
    wide = InnerAttack("pgd-kl", 0.4, 0.2, 3, "gaussian", low=-1.0, high=1.0)
    assert make_objective(recipe, -1.0, 1.0) == Trades(wide, 4.0)
    assert make_objective(recipe, 0.0, 1.0) == Trades(InnerAttack("pgd-kl", 0.2, 0.1, 3, "gaussian"), 4.0)
    against_labels = InnerAttack("pgd-ce", 0.4, 0.2, 3, "gaussian", low=-1.0, high=1.0)
    assert make_objective(recipe.with_changes(objective="sat"), -1.0, 1.0) == Sat(against_labels)
    assert make_objective(recipe.with_changes(objective="mart"), -1.0, 1.0) == Mart(against_labels, 4.0)
    assert make_objective(recipe.with_changes(objective="clean"), -1.0, 1.0) == Clean()


@pytest.mark.parametrize("objective", ["sat", "trades", "mart"])
@pytest.mark.parametrize("inner", ["pgd-kl", "pgd-ce", "apgd-ce"])
def test_the_inner_attack_can_be_any_of_three(objective, inner):
    recipe = RECIPE.with_changes(objective=objective, inner_attack=inner, attack_mode="train")
    attack = make_objective(recipe, 0.0, 1.0).attack
    assert (attack.method, attack.mode) == (inner, "train")


def test_autoattack_is_refused_with_the_reason():
    with pytest.raises(InvalidInput, match="got 'autoattack': it takes about 6,000 passes an image"):
        RECIPE.with_changes(inner_attack="autoattack")


def test_fast_makes_one_step():
    assert make_objective(RECIPE.with_changes(**FAST), 0.0, 1.0).attack.steps == 1
    with pytest.raises(InvalidInput, match="fast must make 1 attack step, got 2"):
        RECIPE.with_changes(objective="fast", attack_steps=2)
