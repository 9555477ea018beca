import numpy as np
import pytest

from rcnas_zoo.candidates.source import DataSource


def test_the_evaluation_split_is_a_fifth_of_the_training_data():
    source = DataSource("digits")
    splits = source.splits()
    assert len(splits.evaluation) == len(source.dataset().train) // 5
    assert len(splits.train) + len(splits.evaluation) == len(source.dataset().train)


@pytest.mark.parametrize(("images", "evaluation"), [(5119, 1023), (5120, 1024), (6000, 1024)])
def test_where_there_are_enough_images_a_thousand_and_twenty_four_are_for_evaluation(images, evaluation, tmp_path):
    labels = np.arange(images) % 10
    pixels = np.broadcast_to(labels.astype(np.uint8)[:, None, None], (images, 4, 4))
    arrays = {"train_images": pixels, "train_labels": labels, "test_images": pixels[:10], "test_labels": labels[:10]}
    np.savez(tmp_path / "many.npz", **arrays)
    splits = DataSource(f"npz:{tmp_path}/many.npz").splits()
    assert (len(splits.evaluation), len(splits.train)) == (evaluation, images - evaluation)


def test_a_size_can_be_asked_for():
    assert len(DataSource("digits", evaluation_size=256).splits().evaluation) == 256


def test_the_splits_are_fixed():
    first = DataSource("digits", evaluation_size=100).splits()
    again = DataSource("digits", evaluation_size=100, download=True).splits()
    assert first.evaluation.digest == again.evaluation.digest
    assert first.train.digest == again.train.digest


def test_fewer_images_can_be_trained_on_and_the_evaluation_split_stays():
    whole, part = (DataSource("digits", train_size=size).splits() for size in (0, 300))
    assert len(part.train) == 300
    assert part.evaluation.digest == whole.evaluation.digest
    shares = (split.train.labels.bincount() / len(split.train) for split in (whole, part))
    assert max(abs(one - other) for one, other in zip(*shares, strict=True)) < 1 / 300


def test_all_images_but_one_and_more_than_all_can_be_asked_for():
    count = len(DataSource("digits").splits().train)
    assert len(DataSource("digits", train_size=count - 1).splits().train) == count - 1
    assert len(DataSource("digits", train_size=count + 1).splits().train) == count
