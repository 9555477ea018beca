import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.evaluation.receipts.coarse import EXACT, STEPS, VERTEX, Originals
from rcnas_zoo.evaluation.receipts.packing import STREAMS, pack, unpack
from rcnas_zoo.evaluation.receipts.streams import squeeze
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

COUNT = 20
NUMBERS = st.lists(st.integers(0, COUNT - 1), unique=True, min_size=1, max_size=COUNT)
THREATS = st.sampled_from(["linf@8/255", "linf@1/10", "l2@1/2"])


def attacked(threat="linf@1/10", levels=255, low=0.0, high=1.0):
    pixels = torch.randint(levels + 1, (COUNT, 3, 3, 5), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return Originals(pixels, levels, make_ball(ThreatModel.parse(threat), low, high))


def examples(originals, numbers, seed=0):
    return originals.ball.random_start(originals.floats(numbers), range(seed, seed + len(numbers)))


def by_kind(images, numbers):
    """Calls broken so that all kinds come about."""
    return (images.flatten(1).sum(1) * 1000).long() % 2 == 0


def nothing(images, numbers):
    return torch.zeros(len(numbers), dtype=torch.bool)


def everything(images, numbers):
    return ~nothing(images, numbers)


@given(NUMBERS, THREATS, st.sampled_from([(255, 0.0, 1.0), (16, 0.0, 1.0), (255, -1.0, 3.0)]), st.integers(0, 2**31))
def test_every_example_comes_back_as_it_was_judged_or_as_it_was(numbers, threat, how, seed):
    originals, numbers = attacked(threat, *how), torch.tensor(numbers, dtype=torch.int64)
    found = examples(originals, numbers, seed)
    allowed = {int(number): [example] for number, example in zip(numbers, found, strict=True)}

    def judge(images, which):
        broken = by_kind(images, which)
        for image, number in zip(images[broken], which[broken], strict=True):
            allowed[int(number)] = [image]
        return broken

    again, adversarial = unpack(pack(originals, found, numbers, judge), originals)
    assert again.tolist() == sorted(numbers.tolist())
    assert adversarial.dtype == torch.float32
    assert adversarial.shape == (len(numbers), *originals.shape)
    for number, example in zip(again.tolist(), adversarial, strict=True):
        assert torch.equal(example, allowed[number][0])


@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_given_does_not_matter(numbers, random):
    originals, mixed = attacked(), random.sample(numbers, len(numbers))
    found = examples(originals, torch.arange(COUNT))
    packed = [pack(originals, found[order], torch.tensor(order), by_kind) for order in (numbers, mixed)]
    assert packed[0] == packed[1]


@pytest.mark.parametrize("threat", ["linf@1/10", "l2@1/2"])
def test_more_examples_than_a_batch_come_back(monkeypatch, threat):
    originals, numbers = attacked(threat), torch.arange(COUNT)
    whole = pack(originals, examples(originals, numbers), numbers, by_kind)
    expected = unpack(whole, originals)[1]
    monkeypatch.setattr("rcnas_zoo.evaluation.receipts.packing.BATCH_SIZE", 3)
    sizes = []

    def judge(images, which):
        sizes.append(len(which))
        return by_kind(images, which)

    assert pack(originals, examples(originals, numbers), numbers, judge) == whole
    assert max(sizes) == 3
    assert torch.equal(unpack(whole, originals)[1], expected)


def test_a_receipt_of_nothing_is_a_receipt():
    originals = attacked()
    empty = pack(originals, torch.zeros((0, 3, 3, 5)), torch.zeros(0, dtype=torch.int64), everything)
    numbers, adversarial = unpack(empty, originals)
    assert len(numbers) == len(adversarial) == 0


def test_vertices_take_little_more_than_a_bit_a_value():
    pixels = torch.randint(256, (300, 3, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    originals = Originals(pixels, 255, make_ball(ThreatModel.parse("linf@8/255"), 0, 1))
    numbers = torch.arange(300)
    receipt = pack(originals, examples(originals, numbers), numbers, everything)
    assert len(receipt) * 8 / pixels.numel() < 1.1


def test_there_is_nothing_but_numbers_kinds_and_streams_in_it():
    originals, numbers = attacked("linf@1/10"), torch.arange(COUNT)
    receipt = pack(originals, examples(originals, numbers), numbers, by_kind)
    tensors = load(receipt)
    assert set(tensors) == {"numbers", "kinds", "vertex", "steps-15", "steps-51", "steps-255", "steps-32640", "exact"}
    assert {VERTEX, 3}.issubset(tensors["kinds"].tolist())
    assert json.loads(metadata(receipt)["receipt"]) == {
        "format": 1,
        "levels": 255,
        "shape": [3, 3, 5],
        "threat": "linf@1/10",
        "range": [0.0, 1.0],
    }


def metadata(receipt):
    return json.loads(receipt[8 : 8 + int.from_bytes(receipt[:8], "little")])["__metadata__"]


@pytest.fixture(scope="module")
def receipt():
    originals = attacked()
    return pack(originals, examples(originals, torch.arange(6)), torch.arange(6), by_kind)


def changed(receipt, **tensors):
    return save({**load(receipt), **tensors}, metadata(receipt))


def refused(content, originals=None):
    with pytest.raises(IntegrityError) as caught:
        unpack(content, originals or attacked())
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (attacked("linf@8/255"), "the 'threat' linf@8/255, got 'linf@1/10'"),
        (attacked(levels=16), "the 'levels' 16, got 255"),
        (attacked(low=-1.0), r"the 'range' [-1.0, 1.0], got [0.0, 1.0]"),
        (
            Originals(torch.zeros((20, 1, 3, 5), dtype=torch.uint8), 255, attacked().ball),
            "the 'shape' [1, 3, 5], got [3",
        ),
    ],
)
def test_a_receipt_of_something_else_is_refused(receipt, other, what):
    assert f"must be made for {what}" in refused(receipt, other)


def test_fewer_images_than_it_numbers_are_refused(receipt):
    few = attacked()
    assert "ascending below 4" in refused(receipt, Originals(few.images[:4], 255, few.ball))


def test_another_format_is_refused(receipt):
    facts = json.loads(metadata(receipt)["receipt"])
    for facts_of_another in ({**facts, "format": 2}, {**facts, "more": 1}, {}):
        content = save(load(receipt), {"receipt": json.dumps(facts_of_another)})
        assert "must be made for" in refused(content)
    assert "whole safetensors file" in refused(save(load(receipt), {"receipt": "[]"}))
    assert "whole safetensors file" in refused(save(load(receipt)))


@pytest.mark.parametrize(
    "numbers", [[0, 1, 2, 3, 4, 4], [1, 0, 2, 3, 4, 5], [-1, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 20], [0, 1, 2, 3, 4]]
)
def test_numbers_that_are_twice_or_elsewhere_are_refused(receipt, numbers):
    assert "ascending below 20" in refused(changed(receipt, numbers=np.array(numbers, np.int32)))


def test_kinds_unknown_or_of_other_streams_are_refused(receipt):
    kinds = load(receipt)["kinds"]
    assert "at most 5, got 6" in refused(changed(receipt, kinds=np.full_like(kinds, 6)))
    other = np.where(kinds == VERTEX, 3, VERTEX).astype(np.uint8)
    assert "must" in refused(changed(receipt, kinds=other))


@pytest.mark.parametrize(
    "tensors",
    [
        {"numbers": np.arange(6)},
        {"numbers": np.arange(6, dtype=np.int32)[None]},
        {"kinds": np.zeros(6, np.float32)},
        {"more": np.zeros(6, np.uint8)},
        {"exact": np.zeros((1, 0), np.uint8)},
    ],
)
def test_tensors_of_other_names_or_types_are_refused(receipt, tensors):
    assert "must hold vectors" in refused(changed(receipt, **tensors))


def test_a_bomb_in_any_stream_is_refused(receipt):
    bomb = np.frombuffer(squeeze(bytes(20_000_000)), np.uint8)
    for name in STREAMS.values():
        assert f"the stream '{name}' of a receipt must unpack to" in refused(changed(receipt, **{name: bomb}))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.7])
def test_an_exact_example_outside_the_ball_is_refused(value):
    originals = attacked()
    inside = pack(originals, originals.floats()[:1], torch.arange(1), nothing)
    assert load(inside)["kinds"].tolist() == [EXACT]
    outside = originals.floats()[0].clone()
    outside[0, 0, 0] = value if value != 0.7 else (outside[0, 0, 0] + 0.3) % 1
    planes = outside.numpy().astype("<f4").view(np.uint8).reshape(-1, 4).T.tobytes()
    assert "leaves the ball" in refused(changed(inside, exact=np.frombuffer(squeeze(planes), np.uint8)))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_receipt_are_refused(noise):
    assert "whole safetensors file" in refused(noise)


@given(share=st.floats(0, 0.999))
def test_a_receipt_cut_off_is_refused(receipt, share):
    refused(receipt[: int(share * len(receipt))])


@pytest.mark.parametrize(
    ("adversarial", "numbers"),
    [
        (torch.zeros((2, 3, 3, 5)), torch.arange(3)),
        (torch.zeros((2, 3, 3, 4)), torch.arange(2)),
        (torch.zeros((2, 3, 3, 5), dtype=torch.uint8), torch.arange(2)),
        (torch.zeros((2, 3, 3, 5)), torch.tensor([[0, 1]])),
        (torch.zeros((2, 3, 3, 5)), torch.tensor([0.0, 1.0])),
        (torch.zeros((2, 3, 3, 5)), torch.tensor([1, 1])),
        (torch.zeros((2, 3, 3, 5)), torch.tensor([-1, 1])),
        (torch.zeros((2, 3, 3, 5)), torch.tensor([1, COUNT])),
        (attacked().floats()[:2] + 0.2, torch.arange(2)),
        (torch.full((2, 3, 3, 5), torch.nan), torch.arange(2)),
    ],
)
def test_examples_that_do_not_fit_are_not_packed(adversarial, numbers):
    with pytest.raises(InvalidInput, match="must be"):
        pack(attacked(), adversarial, numbers, everything)


def test_every_kind_of_steps_has_a_stream():
    assert list(STREAMS) == [VERTEX, *STEPS, EXACT]
