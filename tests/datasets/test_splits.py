"""`split` and `sample`: stratified, seeded, disjoint, complete."""

from collections import Counter

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.splits import sample, split
from rcnas_zoo.spec.errors import InvalidInput


def numbered(labels: list[int]) -> Images:
    """Images whose two pixels spell their index."""
    pixels = torch.tensor([divmod(index, 256) for index in range(len(labels))], dtype=torch.uint8)
    return Images(pixels.reshape(-1, 1, 1, 2), torch.tensor(labels))


def indices(images: Images) -> list[int]:
    return [256 * high + low for high, low in images.images.flatten(1).tolist()]


LABELS = st.lists(st.integers(0, 5), min_size=2, max_size=60)


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_parts_are_disjoint_complete_in_order_and_of_the_size_asked_for(labels, data, seed):
    spare = len(labels) - len(set(labels))
    assume(spare)
    size = data.draw(st.integers(1, spare))
    parts = split(numbered(labels), size, seed)
    train, evaluation = indices(parts.train), indices(parts.evaluation)
    assert len(evaluation) == size
    assert sorted(train + evaluation) == list(range(len(labels)))
    assert (train, evaluation) == (sorted(train), sorted(evaluation))
    assert parts.evaluation.labels.tolist() == [labels[index] for index in evaluation]


@given(LABELS, st.data())
def test_each_class_gives_its_share_of_what_it_can_spare_to_within_one(labels, data):
    counts = Counter(labels)
    spare = len(labels) - len(counts)
    assume(spare)
    size = data.draw(st.integers(1, spare))
    parts = split(numbered(labels), size)
    given_away = Counter(parts.evaluation.labels.tolist())
    for label, count in counts.items():
        assert abs(given_away[label] - (count - 1) * size / spare) < 1
        assert given_away[label] < count


def test_balanced_classes_stay_balanced():
    parts = split(numbered([0, 1, 2, 3] * 25), 40)
    assert parts.evaluation.labels.bincount().tolist() == [10, 10, 10, 10]


def test_a_seed_fixes_the_split_and_another_changes_it():
    images = numbered([0, 1] * 50)
    assert split(images, 20, 3).evaluation.digest == split(images, 20, 3).evaluation.digest
    assert split(images, 20, 3).evaluation.digest != split(images, 20, 4).evaluation.digest


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    split(numbered([0, 1] * 5), 4)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("size", [0, -1, 9, 1000])
def test_refuses_a_size_that_would_leave_a_class_without_training_images(size):
    with pytest.raises(InvalidInput, match=rf"evaluation size must be 1 to 8 \(10 images, .*\), got {size}"):
        split(numbered([0, 1] * 5), size)


@given(LABELS, st.data(), st.integers(0, 2**32))
def test_a_sample_has_the_size_asked_for_and_each_classs_share_in_order(labels, data, seed):
    size = data.draw(st.integers(1, len(labels)))
    chosen = sample(numbered(labels), size, seed)
    places = indices(chosen)
    assert places == sorted(set(places))
    assert len(places) == size
    assert chosen.labels.tolist() == [labels[place] for place in places]
    drawn = Counter(chosen.labels.tolist())
    for label, count in Counter(labels).items():
        assert abs(drawn[label] - count * size / len(labels)) < 1


def test_a_seed_fixes_the_sample_and_another_changes_it():
    images = numbered([0, 1] * 50)
    assert sample(images, 20, 3).digest == sample(images, 20, 3).digest
    assert sample(images, 20, 3).digest != sample(images, 20, 4).digest


@pytest.mark.parametrize("size", [0, -1, 11])
def test_refuses_a_sample_of_a_size_that_cannot_be(size):
    with pytest.raises(InvalidInput, match=rf"the size of a sample must be 1 to 10, .*, got {size}"):
        sample(numbered([0, 1] * 5), size)
