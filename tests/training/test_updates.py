"""Updates against arithmetic by hand, against a plain script, and worked off in parts."""

import math
from copy import deepcopy

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.updates import Updates

from . import plain
from .problems import EVERYTHING, RECIPE, Heard, fragile_and_robust, small_network

CLEAN = TrainingRecipe(
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
def six(generator):
    images = torch.randint(256, (6, 1, 2, 2), generator=generator).to(torch.uint8)
    return Images(images, torch.tensor([0, 1, 1, 0, 1, 0]))


def updates_of(model, split, recipe, host=None):
    host = host or Host()
    return Updates.of(model.train(), Batches.of(split, recipe, model, 0, host.device, host.team), host)


def logistic_gradient(weight, bias, split):
    """Of the mean cross-entropy of softmax(W x + b): (p - onehot) x, averaged."""
    inputs = split.floats().flatten(1)
    errors = (inputs @ weight.T + bias).softmax(1) - nn.functional.one_hot(split.labels, 2)
    return errors.T @ inputs / len(inputs), errors.mean(0)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("clip", [0.05, 0.0])
def test_three_full_batch_updates_equal_sgd_by_hand(linear, six, nesterov, clip):
    recipe = CLEAN.with_changes(nesterov=nesterov, gradient_clip=clip)
    weights = [parameter.detach().clone() for parameter in linear.parameters()]
    updates = updates_of(linear, six, recipe)
    for update in range(3):
        updates.run(update)

    velocity = [torch.zeros_like(weight) for weight in weights]
    for rate in (0.5, 0.375, 0.125):
        gradients = logistic_gradient(*weights, six)
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        scale = min(1.0, clip / float(norm)) if clip else 1.0
        for i, gradient in enumerate(gradients):
            decayed = scale * gradient + 0.1 * weights[i]
            velocity[i] = 0.9 * velocity[i] + decayed
            weights[i] = weights[i] - rate * (decayed + 0.9 * velocity[i] if nesterov else velocity[i])
    for found, expected in zip(linear.parameters(), weights, strict=True):
        assert torch.allclose(found, expected, atol=1e-5)


def test_an_update_returns_the_mean_loss_of_its_batch(linear, six):
    updates = updates_of(linear, six, CLEAN.with_changes(batch_size=2, learning_rate=0.0))
    assert updates.total == 9
    for epoch in range(3):
        loss = sum(updates.run(3 * epoch + place).item() for place in range(3)) / 3
        assert loss == pytest.approx(nn.functional.cross_entropy(linear(six.floats()), six.labels).item(), rel=1e-5)


def test_the_rate_is_that_of_the_schedule(linear, six):
    updates = updates_of(linear, six, CLEAN)
    assert [updates.rate(update) for update in range(3)] == pytest.approx([0.5, 0.375, 0.125])


# A whole training, as a script would write it.

# Near the images, where a Gaussian start leaves an attack, the gradient of a divergence is little but rounding.
SCRIPT = RECIPE.with_changes(schedule="cosine", epochs=2, batch_size=64, attack_start="uniform")
SCRIPTS = {
    "clean": SCRIPT.with_changes(objective="clean", label_smoothing=0.1, crop_padding=1, flip=True, cutout=1),
    "n-fgsm": SCRIPT.with_changes(objective="fast", attack_steps=1, attack_step_size=1.0, attack_start="noise"),
    "sat, averaged": SCRIPT.with_changes(weight_average=0.5, nesterov=True),
    "sat in train mode": SCRIPT.with_changes(attack_mode="train", gradient_clip=0.1),
    "trades": SCRIPT.with_changes(objective="trades"),
    "trades-awp": SCRIPT.with_changes(objective="trades", weight_perturbation=0.02, gradient_clip=0.0),
    "sat-awp, late": SCRIPT.with_changes(weight_perturbation=0.05, perturbation_start=0.5),
    "mart": SCRIPT.with_changes(objective="mart", bn_statistics="twice"),
    "everything": EVERYTHING.with_changes(epochs=2, batch_size=64, warmup=0.0, learning_rate=0.04),
}


def script(recipe, model, batches, total):
    """The training, update by update; returns the losses and the averaged state (or the own one)."""
    optimiser = torch.optim.SGD(
        model.parameters(),
        recipe.learning_rate,
        recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.nesterov,
    )
    average, losses = deepcopy(model.state_dict()), []
    for update in range(total):
        batch = batches.batch(update)
        images, labels = batch.images, batch.labels
        attacked = plain.adversary(recipe, model, images, labels, batch.noise)
        optimiser.param_groups[0]["lr"] = recipe.learning_rate * (1 + math.cos(math.pi * update / total)) / 2
        optimiser.zero_grad()
        own = [parameter.detach().clone() for parameter in model.parameters()]
        if recipe.weight_perturbation and update >= recipe.perturbation_start * total:
            kept = deepcopy(model.state_dict())
            ascent = torch.autograd.grad(plain.loss(recipe, model, images, labels, attacked), list(model.parameters()))
            model.load_state_dict(kept)
            put(model, plain.perturbed_weights(model, ascent, recipe.weight_perturbation))
        loss = plain.loss(recipe, model, images, labels, attacked)
        loss.backward()
        put(model, own)
        if recipe.gradient_clip:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
        optimiser.step()
        losses.append(loss.item())
        decay = min(recipe.weight_average, (2 + update) / (11 + update))
        average = {name: decay * average[name] + (1 - decay) * value for name, value in model.state_dict().items()}
    return losses, average


def put(model, weights):
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(weight)


@pytest.mark.parametrize("recipe", SCRIPTS.values(), ids=SCRIPTS)
def test_a_training_is_that_of_a_plain_script(recipe):
    split, other = fragile_and_robust(200), small_network()
    updates = updates_of(small_network(), split, recipe)
    found = [updates.run(update).item() for update in range(updates.total)]
    losses, average = script(recipe, other, updates.batches, updates.total)
    # A gradient so near to zero that its sign turns moves a pixel by a whole step.
    assert found == pytest.approx(losses, abs=1e-4)
    state = updates.network.model.state_dict()
    for name, value in other.state_dict().items():
        assert torch.allclose(state[name].float(), value.float(), atol=1e-3)
        if recipe.weight_average and value.is_floating_point():
            assert torch.allclose(updates.average.state[name], average[name], atol=1e-3)
    if not recipe.weight_average:
        assert updates.average.state == {}


def weights_after(recipe, updates):
    engine = updates_of(small_network(), fragile_and_robust(64), recipe)
    for update in range(updates):
        engine.run(update)
    return engine.network.model.state_dict()


def test_the_perturbation_begins_with_its_share_of_the_updates():
    """Of eight updates, half are without it."""
    recipe = RECIPE.with_changes(epochs=4, weight_perturbation=0.1, perturbation_start=0.5)
    without = recipe.with_changes(weight_perturbation=0.0)
    for updates, alike in ((4, True), (5, False)):
        found, expected = weights_after(recipe, updates), weights_after(without, updates)
        assert all(torch.equal(found[name], value) for name, value in expected.items()) == alike


def test_the_running_statistics_see_only_the_pass_at_the_perturbed_weights():
    recipe = RECIPE.with_changes(epochs=2, weight_perturbation=0.1)
    assert weights_after(recipe, 1)["1.num_batches_tracked"] == 1
    assert weights_after(recipe.with_changes(objective="trades"), 1)["1.num_batches_tracked"] == 2


# Out of memory.

CUDA_SAYS = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
CPU_SAYS = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "4000000000 bytes. Error code 12 (Cannot allocate memory)"
)


def test_this_is_how_the_allocator_of_the_processor_fails():
    with pytest.raises(RuntimeError, match="DefaultCPUAllocator: can't allocate memory"):
        torch.empty(10**16)


class Narrow(nn.Module):
    """Fails on more than ``most`` images in train mode (or when attacked); batch normalisation comes before that."""

    def __init__(self, most, error=CUDA_SAYS, when_attacked=False, calls=0, norm=False):
        super().__init__()
        first = nn.BatchNorm2d(1) if norm else nn.Identity()
        self.layers = nn.Sequential(first, nn.Conv2d(1, 4, 3, padding=1), nn.SiLU(), nn.Flatten(), nn.Linear(64, 2))
        self.most, self.error, self.when_attacked, self.calls = most, error, when_attacked, calls
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(0, 0.2, generator=torch.Generator().manual_seed(0))

    def forward(self, images):
        images = self.layers[0](images)
        if self.training != self.when_attacked and len(images) > self.most:
            self.calls -= 1
            if self.calls < 0:
                raise self.error
        return self.layers[1:](images)


def narrow_training(network, recipe, updates=4):
    seen = Heard()
    host = Host(observer=seen, label="candidate 3")
    engine = updates_of(network, fragile_and_robust(64), recipe.with_changes(batch_size=16), host)
    losses = [engine.run(update).item() for update in range(updates)]
    return engine, losses, seen.warnings


VARIANTS = {
    "clean": {"objective": "clean"},
    "sat": {"objective": "sat"},
    "trades": {"objective": "trades", "label_smoothing": 0.1},
    "mart": {"objective": "mart"},
    "trades-awp, averaged": {"objective": "trades", "weight_perturbation": 0.01, "weight_average": 0.5},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("error", [CUDA_SAYS, CPU_SAYS], ids=["cuda", "cpu"])
def test_out_of_memory_halves_the_parts_until_they_fit_and_the_updates_stay_the_same(changes, error):
    recipe = RECIPE.with_changes(**changes)
    whole, losses, silent = narrow_training(Narrow(16), recipe)
    engine, found, warnings = narrow_training(Narrow(4, error), recipe)
    assert (whole.parts, silent) == (1, [])
    assert engine.parts == 4
    for parts, warning in zip((2, 4), warnings, strict=True):
        assert warning.startswith(f"candidate 3: out of memory; each batch is now worked off in {parts} parts")
        assert "batch normalisation sees one part at a time" in warning
    assert found == pytest.approx(losses, abs=1e-5)
    for mine, other in zip(engine.descent.parameters, whole.descent.parameters, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)
    for name, value in whole.average.state.items():
        assert torch.allclose(engine.average.state[name], value, atol=1e-5)


def test_the_attempts_that_failed_leave_no_trace_in_the_running_statistics():
    network = Narrow(4, norm=True)
    engine, _, _ = narrow_training(network, RECIPE.with_changes(objective="sat"), updates=1)
    assert engine.parts == 4
    assert network.layers[0].num_batches_tracked == 4


def test_memory_that_runs_out_in_the_attack_is_helped_in_the_same_way():
    _, losses, _ = narrow_training(Narrow(16, when_attacked=True), RECIPE)
    engine, found, warnings = narrow_training(Narrow(5, when_attacked=True), RECIPE)
    assert (engine.parts, len(warnings)) == (4, 2)
    assert found == pytest.approx(losses, abs=1e-5)
    assert all(parameter.requires_grad for parameter in engine.descent.parameters)
    assert engine.network.training


def test_memory_that_runs_out_at_the_perturbed_weights_leaves_none_of_them():
    """The second loss of the first update fails."""
    recipe = RECIPE.with_changes(weight_perturbation=0.1)
    whole, losses, _ = narrow_training(Narrow(16), recipe)
    engine, found, warnings = narrow_training(Narrow(8, calls=1), recipe)
    assert (engine.parts, len(warnings)) == (2, 1)
    assert found == pytest.approx(losses, abs=1e-5)
    for mine, other in zip(engine.descent.parameters, whole.descent.parameters, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_one_image_a_part_is_the_end_of_it():
    engine, _, warnings = narrow_training(Narrow(1), RECIPE)
    assert engine.parts == 16
    assert len(warnings) == 4
    network = Narrow(0)
    before = deepcopy(network.state_dict())
    with pytest.raises(Unavailable, match=r"a batch must fit into memory, 16 images in 16 parts do not: CUDA out of"):
        narrow_training(network, RECIPE)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_member_of_a_team_cannot_split_a_batch_alone():
    seen = Heard()
    host = Host(observer=seen, team=Team(0, 2))
    with pytest.raises(Unavailable, match=r"8 images in 1 parts do not: CUDA out of memory.*smaller batch size or n"):
        updates_of(Narrow(4), fragile_and_robust(64), RECIPE.with_changes(batch_size=16), host).run(0)
    assert seen.warnings == []


def test_any_other_error_goes_on_its_way():
    error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError) as caught:
        narrow_training(Narrow(4, error), RECIPE)
    assert caught.value is error
