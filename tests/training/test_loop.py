"""The loop as a whole: learning, choosing an epoch, repeating itself, and stopping in time."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.training import course
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

from .problems import (
    EVERYTHING,
    RECIPE,
    Broken,
    Heard,
    fragile_and_robust,
    linear_network,
    same_result,
    same_weights,
    small_network,
)

LINEAR = RECIPE.with_changes(epochs=12, learning_rate=0.6, schedule="cosine")
FAST = {"objective": "fast", "attack_steps": 1, "attack_step_size": 1.25, "attack_start": "uniform"}
OBJECTIVES = [{"objective": "clean"}, FAST, {"objective": "sat"}, {"objective": "trades"}, {"objective": "mart"}]


def robust_accuracy(model, split, attack="pgd-20"):
    report = evaluate(model, split.floats(), split.labels, attacks=[attack], threat="linf@1/10", seed=0)
    return report.robust_accuracy


@pytest.mark.parametrize(
    ("changes", "accuracy"),
    [
        ({"objective": "clean"}, 0.95),
        ({"objective": "sat"}, 0.7),
        (FAST, 0.7),
        ({**FAST, "attack_start": "noise", "attack_step_size": 1.0}, 0.7),
        ({"objective": "trades"}, 0.7),
        ({"objective": "mart"}, 0.7),
        ({"objective": "sat", "weight_average": 0.8}, 0.7),
        ({"objective": "trades", "weight_perturbation": 0.01}, 0.7),
        ({"objective": "sat", "inner_attack": "apgd-ce", "label_smoothing": 0.1}, 0.7),
        ({"objective": "sat", "precision": "bfloat16"}, 0.7),
    ],
)
def test_training_learns(splits, changes, accuracy):
    result = train(linear_network(), *splits, LINEAR.with_changes(**changes), seed=0)
    assert [set(row) for row in result.curve] == [{"loss", "learning_rate", "clean_accuracy", "robust_accuracy"}] * 12
    assert result.curve[-1]["loss"] < result.curve[0]["loss"]
    assert result.curve[-1]["clean_accuracy"] >= accuracy
    assert not result.diverged
    assert result.seconds > 0


@pytest.mark.parametrize("changes", OBJECTIVES[1:])
def test_adversarial_training_stays_right_where_clean_training_falls(splits, changes):
    clean, robust = linear_network(), linear_network()
    train(clean, *splits, LINEAR.with_changes(objective="clean"), seed=0)
    train(robust, *splits, LINEAR.with_changes(**changes), seed=0)
    unseen = fragile_and_robust(200, seed=2)
    assert robust_accuracy(clean, unseen, "clean") > 0.95
    assert robust_accuracy(clean, unseen) < 0.4
    assert robust_accuracy(robust, unseen) > 0.75


@pytest.mark.parametrize("changes", OBJECTIVES)
def test_the_model_ends_in_eval_mode_with_the_last_weights_and_no_gradients(splits, changes):
    model = small_network()
    result = train(model, *splits, RECIPE.with_changes(**changes, epochs=2), seed=0)
    assert same_weights(model.state_dict(), result.last)
    assert not any(module.training for module in model.modules())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert all(value.is_contiguous() for value in [*model.state_dict().values(), *result.best.values()])


@pytest.mark.parametrize(
    "recipe", [*(RECIPE.with_changes(**changes, crop_padding=1) for changes in OBJECTIVES), EVERYTHING]
)
def test_a_seed_repeats_itself_bit_by_bit_whatever_the_global_random_state(splits, recipe):
    recipe = recipe.with_changes(epochs=2)
    results = []
    for seed in (0, 0, 1):
        model = small_network()
        torch.rand(7)
        before = torch.get_rng_state()
        results.append(train(model, *splits, recipe, seed=seed))
        assert torch.equal(torch.get_rng_state(), before)
    first, second, other = results
    assert same_result(first, second)
    assert not same_weights(first.last, other.last)


def test_the_evaluation_split_does_not_change_the_weights(splits):
    unmeasured = RECIPE.with_changes(selection_attack="none")
    first = train(small_network(), *splits, RECIPE, seed=0)
    second = train(small_network(), splits[0], fragile_and_robust(64, seed=9), unmeasured, seed=0)
    assert same_weights(first.last, second.last)


class Snapshots(Heard):
    """Keeps a copy of the weights at the end of each epoch, too."""

    def __init__(self, model):
        super().__init__()
        self.model, self.weights = model, []

    def epoch(self, number, total, metrics):
        super().epoch(number, total, metrics)
        assert total == 6
        self.weights.append({name: value.clone() for name, value in self.model.state_dict().items()})


@pytest.mark.parametrize("objective", ["clean", "sat"])
def test_the_best_weights_are_those_of_the_first_epoch_with_the_highest_robust_accuracy(splits, objective):
    # Here clean training loses robustness after its first epochs, and adversarial training soon stays level.
    model = linear_network()
    seen = Snapshots(model)
    recipe = LINEAR.with_changes(objective=objective, epochs=6)
    result = train(model, *splits, recipe, seed=0, host=Host(observer=seen))
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


def test_the_observer_is_told_of_every_update_and_where_the_training_stands(splits):
    seen = Heard()
    recipe = RECIPE.with_changes(selection_start=0.5)
    result = train(small_network(), *splits, recipe, seed=0, host=Host(observer=seen, label="candidate 3"))
    assert [call[:3] for call in seen.calls] == [("candidate 3", done, 48) for done in range(1, 49)]
    assert tuple(seen.rows) == result.curve
    assert seen.warnings == []
    for done, (*_, note) in enumerate(seen.calls, start=1):
        ended = (done - 1) // 8
        where, *middle, speed = note.split("  ")
        assert where == f"epoch {ended + 1}/6"
        assert middle == words(result.curve[ended - 1] if ended else {})
        assert speed.endswith(" images/s")
        assert float(speed.removesuffix(" images/s").replace(",", "")) > 0


def words(row):
    """What a note says of the last epoch that ended."""
    found = [f"loss {row['loss']:.3g}"] if row else []
    if "robust_accuracy" in row:
        found += [f"clean {100 * row['clean_accuracy']:.1f} %", f"robust {100 * row['robust_accuracy']:.1f} %"]
    return found


def test_the_result_tells_how_the_network_was_run(splits):
    result = train(small_network(), *splits, RECIPE.with_changes(epochs=1, precision="bfloat16"), seed=0)
    assert result.engine == {"precision": "bfloat16", "compiled": False, "parts": 1, "processes": 1}


# Averaged weights.


def test_what_is_kept_and_measured_is_the_average_while_the_weights_go_on(splits):
    plain = RECIPE.with_changes(epochs=3)
    averaged = plain.with_changes(weight_average=0.9)
    raw = {}

    class Weights(Heard):
        """Takes down the weights after every update."""

        def progress(self, label, done, total, note=""):
            raw[done] = {name: value.clone() for name, value in model.state_dict().items()}

    model = small_network()
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    result = train(model, *splits, averaged, seed=0, host=Host(observer=Weights()))
    assert same_weights(raw[24], train(small_network(), *splits, plain, seed=0).last)
    for update in range(1, 25):
        decay = min(0.9, (1 + update) / (10 + update))
        for name, value in raw[update].items():
            mixed = decay * expected[name] + (1 - decay) * value
            expected[name] = mixed if value.is_floating_point() else value
    assert all(torch.allclose(result.last[name], value, atol=1e-6) for name, value in expected.items())
    assert same_weights(model.state_dict(), result.last)
    assert result.curve[-1]["robust_accuracy"] == robust_accuracy(model, splits[1], "pgd-3")
    model.load_state_dict(result.best)
    assert result.curve[result.best_epoch - 1]["robust_accuracy"] == robust_accuracy(model, splits[1], "pgd-3")


# What makes no sense to go on with.


class Poisoned(nn.Module):
    """A linear model whose weights become infinite after a number of epochs of eight updates."""

    def __init__(self, good_epochs):
        super().__init__()
        self.layer = linear_network()
        self.updates, self.good_epochs = 0, good_epochs

    def forward(self, images):
        logits = self.layer(images)
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
    train(healthy, *splits, recipe, seed=0, host=Host(observer=seen))
    assert result.diverged
    assert result.diverged_at == 8 * good_epochs + 1
    assert result.best_epoch == good_epochs
    assert result.curve == tuple(seen.rows[:good_epochs])
    expected = seen.weights[good_epochs - 1] if good_epochs else start
    assert same_weights(result.last, expected)
    assert same_weights(result.best, expected)
    assert same_weights(model.state_dict(), expected)


@pytest.mark.parametrize(("update", "epoch"), [(1, 1), (8, 1), (9, 2), (20, 3), (48, 6)])
def test_the_update_of_the_first_loss_that_is_no_number_is_named(splits, update, epoch):
    seen = Heard()
    recipe = RECIPE.with_changes(objective="clean", selection_attack="none")
    result = train(Broken(update), *splits, recipe, seed=0, host=Host(observer=seen, label="candidate 3"))
    assert result.diverged
    assert result.diverged_at == update
    assert len(result.curve) == len(seen.rows) == epoch - 1
    assert seen.warnings == [
        f"candidate 3: the loss must stay finite, it did not at update {update} (epoch {epoch}); "
        "the weights of the epochs before are kept, try a lower learning rate or another seed"
    ]


def test_a_training_that_is_broken_ends_soon_and_not_with_the_epoch(splits, monkeypatch):
    monkeypatch.setattr(course, "LOOK_EVERY", 3)
    seen = Heard()
    recipe = RECIPE.with_changes(objective="clean", selection_attack="none")
    result = train(Broken(2), *splits, recipe, seed=0, host=Host(observer=seen))
    assert (result.diverged_at, result.curve) == (2, ())
    assert seen.done[-1] == 3


def test_logits_that_are_no_numbers_under_attack_end_the_training_too(splits):
    class Cliff(nn.Module):
        """In eval mode, with gradients on, as an attack asks it."""

        def __init__(self):
            super().__init__()
            self.layer = linear_network()

        def forward(self, images):
            logits = self.layer(images)
            attacked = not self.training and images.is_leaf and not torch.is_grad_enabled() and self.seen
            self.seen = images.requires_grad or self.seen
            return logits * torch.nan if attacked else logits

        seen = False

    recipe = RECIPE.with_changes(objective="clean", selection_attack="pgd-2")
    result = train(Cliff(), *splits, recipe, seed=0)
    assert (result.diverged, result.curve) == (True, ())


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_huge_learning_rate_diverges_and_leaves_finite_weights(splits, average):
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 8), nn.Linear(8, 2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 1, generator=torch.Generator().manual_seed(0))
    recipe = RECIPE.with_changes(learning_rate=100.0, weight_decay=10.0, gradient_clip=0.0, weight_average=average)
    result = train(model, *splits, recipe, seed=0)
    assert result.diverged
    assert len(result.curve) < 6
    assert all(value.isfinite().all() for value in [*result.last.values(), *result.best.values()])


@pytest.fixture
def undisturbed(splits):
    """A training in which every epoch is measured, and the robust accuracy after its second one."""
    result = train(small_network(), *splits, RECIPE, seed=0)
    return SimpleNamespace(result=result, second=result.curve[1]["robust_accuracy"])


def test_a_training_below_its_floor_ends_there(splits, undisturbed):
    floors = {1: 0.0, 2: math.nextafter(undisturbed.second, 1)}
    result = train(small_network(), *splits, RECIPE, seed=0, floors=floors)
    assert result.hopeless
    assert not result.diverged
    assert result.curve == undisturbed.result.curve[:2]
    two = train(small_network(), *splits, RECIPE, seed=0, floors={2: 1.0})
    assert same_result(result, two)


@pytest.mark.parametrize("below", [0, 0.01])
def test_a_training_at_its_floor_or_above_it_goes_on(splits, undisturbed, below):
    floors = {2: undisturbed.second - below, 7: 1.0}
    assert same_result(train(small_network(), *splits, RECIPE, seed=0, floors=floors), undisturbed.result)


def test_a_training_that_has_come_to_its_end_is_not_hopeless(splits, undisturbed):
    assert same_result(train(small_network(), *splits, RECIPE, seed=0, floors={6: 1.0}), undisturbed.result)


def test_where_the_recipe_selects_nothing_a_floor_is_held_against_pgd_10_and_the_last_epoch_still_counts(splits):
    model = small_network()
    seen, recipe = Snapshots(model), RECIPE.with_changes(selection_attack="none")
    result = train(model, *splits, recipe, seed=0, host=Host(observer=seen), floors={2: 0.0})
    assert ["robust_accuracy" in row for row in result.curve] == [False, True, False, False, False, False]
    model.load_state_dict(seen.weights[1])
    assert result.curve[1]["robust_accuracy"] == robust_accuracy(model, splits[1], "pgd-10")
    assert result.best_epoch == 6
    assert same_weights(result.best, result.last)
    assert same_weights(result.last, train(small_network(), *splits, recipe, seed=0).last)


def test_a_floor_before_the_selection_begins_does_not_take_part_in_it(splits):
    recipe = RECIPE.with_changes(selection_start=0.5)
    result = train(small_network(), *splits, recipe, seed=0, floors={1: 0.0, 2: 0.0})
    plain = train(small_network(), *splits, recipe, seed=0)
    assert ["robust_accuracy" in row for row in result.curve] == [True, True, False, True, True, True]
    assert result.best_epoch == plain.best_epoch
    assert same_weights(result.best, plain.best)


# What comes in and what goes out.


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

    recipe = RECIPE.with_changes(selection_attack="none", epochs=2)
    plain = train(small_network(), *splits, recipe, seed=0)
    shifted = train(Shifted(small_network()), *splits, recipe, seed=0, host=Host(compile="off"))
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


def test_a_team_with_more_processes_than_images_in_a_batch_is_refused(splits):
    recipe = RECIPE.with_changes(batch_size=3)
    with pytest.raises(InvalidInput, match="each of 3 processes must have an image of every batch, got a batch of 2"):
        train(small_network(), *splits, recipe, seed=0, host=Host(team=Team(0, 3)))
