"""The loop as a whole: learning, choosing an epoch, repeating itself, and stopping in time."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.loop import train

RECIPE = TrainingRecipe(
    objective="sat",
    threat="linf@1/10",
    attack_steps=3,
    attack_step_size=0.5,
    epochs=6,
    batch_size=32,
    learning_rate=0.05,
    crop_padding=0,
    flip=False,
    selection_attack="pgd-3",
    selection_start=0.0,
)
LINEAR = RECIPE.with_changes(epochs=12, learning_rate=0.6, schedule="cosine")


def small_network(seed=0):
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not name.startswith("1."):
                parameter.normal_(0, 0.2, generator=torch.Generator().manual_seed(seed))
    return network


def linear_network():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return network


def robust_accuracy(model, split, attack="pgd-20"):
    report = evaluate(model, split.floats(), split.labels, attacks=[attack], threat="linf@1/10", seed=0)
    return report.robust_accuracy


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def splits(fragile_and_robust):
    return fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)


@pytest.mark.parametrize(("objective", "accuracy"), [("clean", 0.95), ("sat", 0.7), ("trades", 0.7)])
def test_training_learns(splits, objective, accuracy):
    result = train(linear_network(), *splits, LINEAR.with_changes(objective=objective), seed=0)
    assert [set(row) for row in result.curve] == [{"loss", "learning_rate", "clean_accuracy", "robust_accuracy"}] * 12
    assert result.curve[-1]["loss"] < result.curve[0]["loss"]
    assert result.curve[-1]["clean_accuracy"] >= accuracy
    assert not result.diverged
    assert result.seconds > 0


@pytest.mark.parametrize("objective", ["sat", "trades"])
def test_adversarial_training_stays_right_where_clean_training_falls(splits, fragile_and_robust, objective):
    clean, robust = linear_network(), linear_network()
    train(clean, *splits, LINEAR.with_changes(objective="clean"), seed=0)
    train(robust, *splits, LINEAR.with_changes(objective=objective), seed=0)
    unseen = fragile_and_robust(200, seed=2)
    assert robust_accuracy(clean, unseen, "clean") > 0.95
    assert robust_accuracy(clean, unseen) < 0.4
    assert robust_accuracy(robust, unseen) > 0.75


@pytest.mark.parametrize("objective", ["clean", "sat", "trades"])
def test_the_model_ends_in_eval_mode_with_the_last_weights_and_no_gradients(splits, objective):
    model = small_network()
    result = train(model, *splits, RECIPE.with_changes(objective=objective, epochs=2), seed=0)
    assert same_weights(model.state_dict(), result.last)
    assert not any(module.training for module in model.modules())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("objective", ["clean", "sat", "trades"])
def test_a_seed_repeats_itself_bit_by_bit_whatever_the_global_random_state(splits, objective):
    recipe = RECIPE.with_changes(objective=objective, epochs=2, crop_padding=1, flip=True, attack_start="uniform")
    results = []
    for seed in (0, 0, 1):
        model = small_network()
        torch.rand(7)
        before = torch.get_rng_state()
        results.append(train(model, *splits, recipe, seed=seed))
        assert torch.equal(torch.get_rng_state(), before)
    first, second, other = results
    assert same_weights(first.last, second.last)
    assert first.curve == second.curve
    assert not same_weights(first.last, other.last)


def test_the_evaluation_split_does_not_change_the_weights(splits, fragile_and_robust):
    train_split, evaluation = splits
    first = train(small_network(), train_split, evaluation, RECIPE, seed=0)
    second = train(
        small_network(),
        train_split,
        fragile_and_robust(64, seed=9),
        RECIPE.with_changes(selection_attack="none"),
        seed=0,
    )
    assert same_weights(first.last, second.last)


class Snapshots(Silent):
    """Keeps a copy of the weights and the metrics of each epoch, and every progress call."""

    def __init__(self, model):
        self.model, self.weights, self.rows, self.calls = model, [], [], []

    def epoch(self, number, total, metrics):
        assert (number, total) == (len(self.weights) + 1, 6)
        self.rows.append(dict(metrics))
        self.weights.append({name: value.clone() for name, value in self.model.state_dict().items()})

    def progress(self, label, done, total, note=""):
        self.calls.append((label, done, total, note))


@pytest.mark.parametrize("objective", ["clean", "sat"])
def test_the_best_weights_are_those_of_the_first_epoch_with_the_highest_robust_accuracy(splits, objective):
    # Here clean training loses robustness after its first epochs, and adversarial training soon stays level.
    model = linear_network()
    seen = Snapshots(model)
    recipe = LINEAR.with_changes(objective=objective, epochs=6)
    result = train(model, *splits, recipe, seed=0, observer=seen)
    measured = []
    for weights in seen.weights:
        model.load_state_dict(weights)
        measured.append(robust_accuracy(model, splits[1], "pgd-3"))
    assert [row["robust_accuracy"] for row in result.curve] == measured
    assert tuple(seen.rows) == result.curve
    assert result.best_epoch == measured.index(max(measured)) + 1
    assert result.best_epoch < 6
    assert same_weights(result.best, seen.weights[result.best_epoch - 1])
    assert same_weights(result.last, seen.weights[-1])


def test_without_a_selection_the_last_epoch_is_the_best(splits):
    result = train(small_network(), *splits, RECIPE.with_changes(selection_attack="none"), seed=0)
    assert result.best_epoch == 6
    assert same_weights(result.best, result.last)
    assert [set(row) for row in result.curve] == [{"loss", "learning_rate"}] * 6


def test_only_measured_epochs_can_be_the_best(splits):
    result = train(small_network(), *splits, RECIPE.with_changes(selection_start=0.5), seed=0)
    assert ["robust_accuracy" in row for row in result.curve] == [False] * 3 + [True] * 3
    assert result.best_epoch >= 4


def test_the_observer_is_told_of_every_update(splits):
    model = small_network()
    seen = Snapshots(model)
    train(model, *splits, RECIPE, seed=0, observer=seen, label="candidate 3")
    assert seen.calls == [("candidate 3", done, 48, f"epoch {(done + 7) // 8}/6") for done in range(1, 49)]


class Poisoned(nn.Module):
    """A linear model whose weights become infinite after a number of epochs of eight updates."""

    def __init__(self, good_epochs):
        super().__init__()
        self.layer = nn.Linear(16, 2)
        self.updates, self.good_epochs = 0, good_epochs
        with torch.no_grad():
            self.layer.weight.zero_()
            self.layer.bias.zero_()

    def forward(self, images):
        logits = self.layer(images.flatten(1))
        if self.training:
            self.updates += 1
        return logits * torch.inf if self.updates > 8 * self.good_epochs else logits


@pytest.mark.parametrize("good_epochs", [0, 2])
def test_a_loss_that_is_no_number_stops_the_training_at_the_last_finite_weights(splits, good_epochs):
    model = Poisoned(good_epochs)
    recipe = RECIPE.with_changes(objective="clean", selection_attack="none")
    result = train(model, *splits, recipe, seed=0)
    healthy = Poisoned(6)
    seen = Snapshots(healthy)
    start = {name: value.clone() for name, value in healthy.state_dict().items()}
    train(healthy, *splits, recipe, seed=0, observer=seen)
    assert result.diverged
    assert result.best_epoch == good_epochs
    assert result.curve == tuple(seen.rows[:good_epochs])
    expected = seen.weights[good_epochs - 1] if good_epochs else start
    assert same_weights(result.last, expected)
    assert same_weights(result.best, expected)
    assert same_weights(model.state_dict(), expected)


def test_a_huge_learning_rate_diverges_and_leaves_finite_weights(splits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 8), nn.Linear(8, 2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 1, generator=torch.Generator().manual_seed(0))
    recipe = RECIPE.with_changes(learning_rate=100.0, weight_decay=10.0, gradient_clip=0.0)
    result = train(model, *splits, recipe, seed=0)
    assert result.diverged
    assert len(result.curve) < 6
    assert all(value.isfinite().all() for value in [*result.last.values(), *result.best.values()])


def test_a_network_with_another_value_range_learns_the_same_way(splits):
    class Shifted(nn.Module):
        """Takes [-1, 1] and brings it back to [0, 1]."""

        def __init__(self, inner):
            super().__init__()
            self.inner = inner
            self.spec = SimpleNamespace(input=InputSpec((1, 4, 4), -1.0, 1.0), classes=2)

        def forward(self, images):
            assert -1 <= images.min() < -0.2
            return self.inner((images + 1) / 2)

    plain = train(small_network(), *splits, RECIPE.with_changes(selection_attack="none"), seed=0)
    shifted = train(Shifted(small_network()), *splits, RECIPE.with_changes(selection_attack="none"), seed=0)
    for name, value in plain.last.items():
        assert torch.allclose(shifted.last[f"inner.{name}"], value, atol=1e-3)


def test_stored_weights_do_not_follow_the_model(splits):
    model = small_network()
    result = train(model, *splits, RECIPE, seed=0)
    kept = {name: value.clone() for name, value in result.last.items()}
    with torch.no_grad():
        for value in model.state_dict().values():
            value.zero_()
    assert same_weights(result.last, kept)


def with_spec(shape, classes):
    model = small_network()
    model.spec = SimpleNamespace(input=InputSpec(shape), classes=classes)
    return model


def test_images_and_labels_that_do_not_fit_the_spec_are_refused(splits):
    train_split, evaluation = splits
    with pytest.raises(InvalidInput, match=r"training split must have the shape \(3, 4, 4\), got \(1, 4, 4\)"):
        train(with_spec((3, 4, 4), 2), *splits, RECIPE, seed=0)
    strange = Images(evaluation.images, evaluation.labels + 1)
    with pytest.raises(InvalidInput, match="labels of the evaluation split must be 0 to 1, got 2"):
        train(with_spec((1, 4, 4), 2), train_split, strange, RECIPE, seed=0)


def test_empty_splits_are_refused(splits):
    train_split, evaluation = splits
    empty = Images(train_split.images[:0], train_split.labels[:0])
    with pytest.raises(InvalidInput, match="training split must hold at least one image, got none"):
        train(small_network(), empty, evaluation, RECIPE, seed=0)
    with pytest.raises(InvalidInput, match="evaluation split must hold at least one image, got none"):
        train(small_network(), train_split, empty, RECIPE, seed=0)
