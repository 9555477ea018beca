"""A network that is run quicker than it stands computes the same, and only what pays is compiled."""

import pytest
import torch
from torch import nn

from rcnas_zoo.networks.accelerated import Accelerated
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training import acceleration
from rcnas_zoo.training.acceleration import Workload, accelerate
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

from .problems import RECIPE, fragile_and_robust, linear_network, small_network

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
WIDE = named_spec("wrn-28-10", InputSpec((3, 32, 32)))
SMALL = named_spec("wrn-16-2", InputSpec((1, 8, 8)))
LINEAR = RECIPE.with_changes(epochs=12, learning_rate=0.6, schedule="cosine")


def with_spec(spec):
    model = nn.Identity()
    model.spec = spec
    return model


# What it computes.


def test_in_single_precision_logits_and_gradients_are_those_of_the_network(convolutional, batch):
    images, labels = batch
    expected = convolutional(images)
    wanted = torch.autograd.grad(nn.functional.cross_entropy(expected, labels), list(convolutional.parameters()))
    network = Accelerated(convolutional, "float32", compiled=False)
    logits = network(images)
    found = torch.autograd.grad(nn.functional.cross_entropy(logits, labels), list(convolutional.parameters()))
    assert torch.allclose(logits, expected, atol=1e-5)
    for mine, other in zip(found, wanted, strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_in_half_precision_the_logits_are_single_and_the_weights_too(convolutional, batch):
    images, labels = batch
    expected = convolutional(images)
    network = Accelerated(convolutional, "bfloat16", compiled=False)
    seen = []
    handle = convolutional[3].register_forward_hook(lambda layer, given, output: seen.append(output.dtype))
    logits = network(images)
    handle.remove()
    assert seen == [torch.bfloat16]
    assert logits.dtype == torch.float32
    assert 0 < (logits - expected).abs().max() < 0.1
    gradients = torch.autograd.grad(nn.functional.cross_entropy(logits, labels), list(convolutional.parameters()))
    assert all(value.dtype == torch.float32 for value in [*gradients, *convolutional.parameters()])
    assert all(value.dtype in (torch.float32, torch.int64) for value in convolutional.buffers())


def test_weights_and_images_are_channels_last(batch):
    layer = nn.Conv2d(3, 4, 3)
    seen = []
    layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    Accelerated(layer, "float32", compiled=False)(torch.rand(2, 3, 5, 5))
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_modes_and_weights_are_shared_with_the_network(convolutional):
    network = Accelerated(convolutional, "float32", compiled=False)
    assert network.eval().model is convolutional
    assert not convolutional[1].training
    network.train()
    assert convolutional[1].training
    assert [id(value) for value in network.parameters()] == [id(value) for value in convolutional.parameters()]


# bfloat16 in a training.


def test_a_training_in_half_precision_comes_near_the_one_in_single(splits):
    results = {}
    for precision in ("float32", "bfloat16"):
        model = linear_network()
        results[precision] = train(model, *splits, LINEAR.with_changes(precision=precision), seed=0)
        assert all(value.dtype == torch.float32 for value in model.state_dict().values())
        assert results[precision].engine["precision"] == precision
    single, half = results["float32"], results["bfloat16"]
    assert [row["loss"] for row in half.curve] == pytest.approx([row["loss"] for row in single.curve], rel=0.02)
    for name in ("clean_accuracy", "robust_accuracy"):
        assert half.curve[-1][name] == pytest.approx(single.curve[-1][name], abs=0.05)
    assert half.curve != single.curve


def test_the_precision_is_part_of_the_recipe():
    assert RECIPE.digest != RECIPE.with_changes(precision="bfloat16").digest


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_after_a_training_the_memory_format_is_the_ordinary_one(splits, precision):
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.Flatten())
    model.append(nn.Linear(16, 2))
    result = train(model, *splits, RECIPE.with_changes(epochs=1, precision=precision), seed=0)
    for state in (model.state_dict(), result.best, result.last):
        assert all(value.is_contiguous() for value in state.values())


# Compiling.


@pytest.mark.parametrize(
    ("recipe", "passes"),
    [
        # A forward pass takes 2 operations a MAC; so does a gradient to the images, and one to the weights.
        (TrainingRecipe(objective="clean"), 6),
        (TrainingRecipe(objective="fast", attack_steps=1), 4 + 6),
        (TrainingRecipe(objective="sat", attack_steps=7), 7 * 4 + 6),
        (TrainingRecipe(objective="trades"), 10 * 4 + 2 * 6),
        (TrainingRecipe(objective="mart"), 10 * 4 + 2 * 6),
    ],
)
def test_the_operations_of_a_training(recipe, passes):
    workload = Workload(recipe.with_changes(epochs=20), 50_000, CPU)
    assert workload.operations(with_spec(SMALL)) == cost(SMALL).macs * passes * 50_000 * 20
    assert workload.operations(nn.Identity()) == 0


@pytest.fixture
def asked(monkeypatch):
    """Which trainings would be compiled, without compiling one."""
    monkeypatch.setattr(acceleration, "_compiler_works", lambda device: True)
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)

    def ask(model, compile="auto", device=CPU, images=50_000, **changes):
        return accelerate(model, Workload(TrainingRecipe(**changes), images, device), compile).compiled

    return ask


def test_it_is_compiled_where_it_pays_back(asked):
    """TRADES in 100 epochs on CIFAR-10 is 5.2 G x 52 x 50,000 x 100 = 1.36e18 operations for WRN-28-10."""
    wide, small = with_spec(WIDE), with_spec(SMALL)
    assert 1.3e18 < Workload(TrainingRecipe(), 50_000, CPU).operations(wide) < 1.4e18
    assert asked(wide)
    assert asked(wide, device=CUDA)
    assert not asked(wide, device=CUDA, epochs=1)
    assert asked(wide, epochs=1)
    assert not asked(wide, epochs=1, images=500)
    assert not asked(small, epochs=8, images=1437)


def test_half_precision_takes_longer_to_pay_back(asked):
    """One epoch of TRADES for WRN-28-10 is 1.36e16 operations on CIFAR-10, and 2.7e14 on a fiftieth of it."""
    wide = with_spec(WIDE)
    assert asked(wide, precision="bfloat16", epochs=1)
    assert asked(wide, epochs=1, images=1000)
    assert not asked(wide, precision="bfloat16", epochs=1, images=1000)
    assert asked(wide, precision="bfloat16", device=CUDA)


def test_a_network_of_unknown_cost_is_compiled_only_if_that_is_asked_for(asked):
    assert not asked(nn.Identity())
    assert asked(nn.Identity(), compile="on")
    assert asked(with_spec(SMALL), compile="on", epochs=1, images=10)
    assert not asked(with_spec(WIDE), compile="off")


def test_without_a_compiler_a_network_runs_as_it_is(asked, monkeypatch):
    monkeypatch.setattr(acceleration, "_compiler_works", lambda device: False)
    assert not asked(nn.Identity(), compile="on")
    assert not asked(with_spec(WIDE))


def test_a_compiler_that_fails_is_none(monkeypatch):
    def fail(function):
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(torch, "compile", fail)
    assert not acceleration._compiler_works.__wrapped__(CPU)


def test_a_small_training_does_not_ask_whether_a_compiler_is_there(monkeypatch):
    monkeypatch.setattr(acceleration, "_compiler_works", lambda device: pytest.fail("asked"))
    assert not accelerate(with_spec(SMALL), Workload(TrainingRecipe(), 10, CPU), "auto").compiled


def versions():
    """How many graphs torch has compiled in this process."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


@pytest.mark.parametrize("network", ["wrn-10-1", "wrn-10-2", "layers"])
def test_a_compiled_training_is_that_of_the_network_as_it_is(network):
    """In both modes, with gradients to images and to weights; one network after another in this process."""
    if not acceleration._compiler_works(CPU):
        pytest.skip("torch finds no C++ compiler")
    splits = fragile_and_robust(36), fragile_and_robust(16, seed=1)
    # Two batch sizes, and statistics that stand still for a pass: many versions of one network.
    recipe = RECIPE.with_changes(
        epochs=1, batch_size=13, attack_start="uniform", bn_statistics="adversarial", selection_attack="none"
    )

    def trained(way):
        spec = None if network == "layers" else named_spec(network, InputSpec((1, 4, 4)), 2)
        model = small_network() if spec is None else build(spec)
        return train(model, *splits, recipe, seed=0, host=Host(compile=way))

    before = versions()
    plain = trained("off")
    assert versions() == before
    quick = trained("on")
    assert versions() > before
    assert (quick.engine["compiled"], plain.engine["compiled"]) == (True, False)
    assert [row["loss"] for row in quick.curve] == pytest.approx([row["loss"] for row in plain.curve], rel=1e-3)
    assert quick.last.keys() == plain.last.keys()
    for name, value in plain.last.items():
        assert torch.allclose(quick.last[name], value, atol=5e-3)


def test_all_the_versions_of_a_training_are_compiled():
    """torch runs what goes beyond its limit uncompiled, and says so in a warning, which fails here."""
    if not acceleration._compiler_works(CPU):
        pytest.skip("torch finds no C++ compiler")
    made = []
    for width in (1, 2):
        model = build(named_spec(f"wrn-10-{width}", InputSpec((1, 4, 4)), 2))
        network = Accelerated(model, "float32", compiled=True)
        before = versions()
        for count in range(2, 14):
            network(torch.zeros(count, 1, 4, 4))
        made.append(versions() - before)
    assert made == [12, 12]
