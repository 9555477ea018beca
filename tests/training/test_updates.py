"""SGD updates against arithmetic by hand."""

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.updates import Updates

RECIPE = TrainingRecipe(
    objective="clean",
    epochs=3,
    batch_size=6,
    learning_rate=0.5,
    weight_decay=0.1,
    schedule="cosine",
    gradient_clip=0.05,
    crop_padding=0,
    flip=False,
)


@pytest.fixture
def split(generator):
    images = torch.randint(256, (6, 1, 2, 2), generator=generator).to(torch.uint8)
    return Images(images, torch.tensor([0, 1, 1, 0, 1, 0]))


def updates_of(model, split, recipe):
    return Updates.of(model, Batches.of(split, recipe, model, torch.device("cpu")), seed=0)


def logistic_gradient(weight, bias, split):
    """Of the mean cross-entropy of softmax(W x + b): (p - onehot) x, averaged."""
    inputs = split.floats().flatten(1)
    errors = (inputs @ weight.T + bias).softmax(1) - nn.functional.one_hot(split.labels, 2)
    return errors.T @ inputs / len(inputs), errors.mean(0)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("clip", [0.05, 0.0])
def test_three_full_batch_epochs_equal_sgd_by_hand(linear, split, nesterov, clip):
    recipe = RECIPE.with_changes(nesterov=nesterov, gradient_clip=clip)
    weights = [parameter.detach().clone() for parameter in linear.parameters()]
    updates = updates_of(linear, split, recipe)
    for epoch in (1, 2, 3):
        updates.run_epoch(epoch, lambda done, epoch: None)

    velocity = [torch.zeros_like(weight) for weight in weights]
    for rate in (0.5, 0.375, 0.125):
        gradients = logistic_gradient(*weights, split)
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        scale = min(1.0, clip / float(norm)) if clip else 1.0
        for i, gradient in enumerate(gradients):
            decayed = scale * gradient + 0.1 * weights[i]
            velocity[i] = 0.9 * velocity[i] + decayed
            weights[i] = weights[i] - rate * (decayed + 0.9 * velocity[i] if nesterov else velocity[i])
    for found, expected in zip(linear.parameters(), weights, strict=True):
        assert torch.allclose(found, expected, atol=1e-5)


def test_an_epoch_returns_the_mean_loss_and_tells_every_update(linear, split):
    recipe = RECIPE.with_changes(batch_size=2, learning_rate=0.0)
    updates, told = updates_of(linear, split, recipe), []
    loss = updates.run_epoch(2, lambda done, epoch: told.append((done, epoch)))
    assert told == [(4, 2), (5, 2), (6, 2)]
    assert updates.total == 9
    assert loss == pytest.approx(nn.functional.cross_entropy(linear(split.floats()), split.labels).item(), rel=1e-5)


def test_the_rate_after_an_epoch_is_that_of_its_last_update(linear, split):
    updates = updates_of(linear, split, RECIPE)
    assert [updates.rate_after(epoch) for epoch in (1, 2, 3)] == pytest.approx([0.5, 0.375, 0.125])
