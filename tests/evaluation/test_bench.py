import pickle

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.bench import Bench, is_out_of_memory
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.threat import ThreatModel

PGD = make_attack(AttackName.parse("pgd-5"), ThreatModel.parse("linf@1/20"), 2)


class Hungry(nn.Module):
    """Runs out of memory on more images than it can hold."""

    def __init__(self, model, most, error):
        super().__init__()
        self.model, self.most, self.error = model, most, error
        self.seen = []

    def forward(self, images):
        self.seen.append(len(images))
        if len(images) > self.most:
            raise self.error
        return self.model(images)


def attacked(model, images, labels, numbers=None):
    bench = Bench(model, check_inputs(model, images, labels), 0)
    return bench.attack(PGD, torch.arange(len(images)) if numbers is None else numbers)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory: you")],
)
def test_what_does_not_fit_into_memory_is_done_in_parts(linear, images, labels, error):
    whole, hungry = attacked(linear, images, labels), Hungry(linear, 9, error)
    found = attacked(hungry, images, labels)
    assert torch.equal(found.numbers, whole.numbers)
    assert torch.equal(found.predictions, whole.predictions)
    assert torch.equal(found.examples, whole.examples)
    # One try too large for each halving (30, 15), and none after that.
    assert [count for count in hungry.seen if count > 9] == [30, 15]


def test_an_image_that_does_not_fit_is_told(linear, images, labels):
    bench = failing(linear, images, labels, MemoryError("no more"))
    with pytest.raises(Unavailable, match="memory must suffice to attack one image, but it does not: no more"):
        bench.attack(PGD, torch.arange(3))


def failing(linear, images, labels, error):
    bench = Bench(linear, check_inputs(linear, images, labels), 0)
    bench.model = Hungry(linear, 0, error)
    return bench


def test_another_error_is_none_of_memory(linear, images, labels):
    assert not is_out_of_memory(RuntimeError("shape mismatch"))
    bench = failing(linear, images, labels, RuntimeError("shape mismatch"))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        bench.attack(PGD, torch.arange(3))


def test_a_verdict_hangs_on_the_image_and_not_on_its_company(linear, images, labels):
    whole, order = attacked(linear, images, labels), torch.randperm(30, generator=torch.Generator().manual_seed(3))
    parts = [attacked(linear, images, labels, numbers) for numbers in order.split(7)]
    found = torch.empty(30, dtype=torch.int64)
    for part in parts:
        found[part.numbers] = part.predictions
    assert torch.equal(found, whole.predictions)
    examples = dict(zip(whole.broken.tolist(), whole.examples, strict=True))
    for part in parts:
        for place, example in zip(part.broken.tolist(), part.examples, strict=True):
            assert torch.equal(example, examples.pop(place))
    assert not examples


def test_what_is_broken_is_what_the_attack_broke(linear, images, labels):
    found = attacked(linear, images, labels)
    clean = linear(images).argmax(1) == labels
    assert torch.equal(found.broken, (clean & (found.predictions != labels)).nonzero().flatten())
    assert not (linear(found.examples).argmax(1) == labels[found.broken]).any()


def test_a_bench_travels_without_its_copy(linear, images, labels):
    bench = Bench(linear, check_inputs(linear, images, labels), 0)
    assert bench.engine is None
    there = pickle.loads(pickle.dumps(bench))
    numbers = torch.arange(30)
    assert torch.equal(there.attack(PGD, numbers).predictions, bench.attack(PGD, numbers).predictions)
