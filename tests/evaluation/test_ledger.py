import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.ledger import UNKNOWN, Attacked, Ledger
from rcnas_zoo.spec.errors import Unavailable


def part(numbers, predictions, broken=()):
    examples = torch.rand((len(broken), 1, 2, 2), generator=torch.Generator().manual_seed(len(numbers)))
    return Attacked(torch.tensor(numbers), torch.tensor(predictions), torch.tensor(broken).long(), examples, 0.5)


def test_a_ledger_fills_up(tmp_path):
    ledger = Ledger(4, tmp_path / "made")
    assert not ledger.complete
    assert ledger.missing(torch.tensor([3, 0, 1])).tolist() == [3, 0, 1]
    ledger.record(part([3, 1], [7, 8]))
    assert ledger.predictions.tolist() == [UNKNOWN, 8, UNKNOWN, 7]
    assert ledger.missing(torch.tensor([3, 0, 1])).tolist() == [0]
    ledger.record(part([0, 2], [5, 6]))
    assert (ledger.complete, ledger.seconds) == (True, 1.0)


@given(st.permutations(range(9)), st.integers(1, 9))
def test_what_was_recorded_is_there_again(tmp_path_factory, order, size):
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(9, folder, keeps_examples=True)
    for start in range(0, 9, size):
        numbers = order[start : start + size]
        ledger.record(part(numbers, [number * 2 for number in numbers], numbers[::2]))
    again = Ledger(9, folder, keeps_examples=True)
    assert again.predictions.tolist() == list(range(0, 18, 2))
    assert again.seconds == ledger.seconds
    places, examples = again.examples()
    assert sorted(places.tolist()) == sorted(n for start in range(0, 9, size) for n in order[start : start + size][::2])
    assert examples.shape == (len(places), 1, 2, 2)


def test_examples_are_kept_on_request_alone(tmp_path):
    Ledger(2, tmp_path).record(part([0, 1], [0, 1], [1]))
    assert len(Ledger(2, tmp_path).examples()[0]) == 0
    assert Ledger(2, tmp_path).complete


@pytest.mark.parametrize("damage", [lambda content: content[:-3], lambda content: b"\0" + content[1:], lambda _: b""])
def test_a_damaged_part_is_set_aside_and_its_images_are_open_again(tmp_path, damage):
    ledger = Ledger(4, tmp_path)
    ledger.record(part([0, 1], [5, 6]))
    (first,) = tmp_path.glob("*.part")
    ledger.record(part([2, 3], [7, 8]))
    first.write_bytes(damage(first.read_bytes()))
    again = Ledger(4, tmp_path)
    assert again.predictions.tolist() == [UNKNOWN, UNKNOWN, 7, 8]
    assert [path.suffix for path in tmp_path.iterdir()].count(".damaged") == 1


def test_parts_of_more_images_are_not_taken(tmp_path):
    Ledger(4, tmp_path).record(part([3], [1]))
    assert not Ledger(3, tmp_path).complete


def test_a_disk_that_refuses_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="must be writable to keep verdicts"):
        Ledger(1, tmp_path / "file" / "folder").record(part([0], [0]))
