"""``npz:FILE``: read by split, refused by name."""

import zipfile

import numpy as np
import pytest

from rcnas_zoo.datasets.npz import read
from rcnas_zoo.spec.errors import InvalidInput, NotFound


def spoil(path, member: str) -> None:
    """Flips a byte of the pixels or labels of one array, after its header, so that only its checksum can tell."""
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(f"{member}.npy").header_offset
    content = bytearray(path.read_bytes())
    content[start + 30 + len(f"{member}.npy") + 20 + 128] ^= 0xFF  # zip header, name, extra field, npy header
    path.write_bytes(content)


@pytest.mark.parametrize("split", ["train", "test"])
def test_reads_the_arrays_of_a_split(npz, arrays, split):
    images = read(npz(), split)
    np.testing.assert_array_equal(images.images.permute(0, 2, 3, 1).numpy(), arrays[f"{split}_images"])
    assert images.labels.tolist() == arrays[f"{split}_labels"].tolist()
    assert images.levels == 255


def test_grey_images_get_one_channel(npz, arrays):
    assert read(npz(train_images=arrays["train_images"][..., 0]), "train").shape == (1, 4, 3)


def test_compressed_files_are_as_good(arrays, tmp_path):
    np.savez_compressed(tmp_path / "small.npz", **arrays)
    assert len(read(tmp_path / "small.npz", "train")) == 6


@pytest.mark.parametrize("member", ["test_images", "test_labels"])
def test_spoiled_test_arrays_are_noticed_by_the_test_split_only(npz, arrays, member):
    path = npz()
    spoil(path, member)
    assert len(read(path, "train")) == 6
    with pytest.raises(InvalidInput, match=r"mine\.npz must be readable and whole, got BadZipFile: Bad CRC"):
        read(path, "test")


@pytest.mark.parametrize("key", ["train_images", "train_labels", "test_images", "test_labels"])
def test_a_missing_array_is_named_even_if_it_is_not_wanted_yet(npz, key):
    with pytest.raises(InvalidInput, match=rf"must hold the arrays train_images, .*, got no {key}"):
        read(npz(**{key: None}), "train")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(npz, share):
    path = npz()
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InvalidInput, match=r"mine\.npz must be a whole \.npz file .* cut off"):
        read(path, "train")


def test_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InvalidInput, match=r"one\.npy must be a whole \.npz file"):
        read(tmp_path / "one.npy", "train")


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        for key in ("train_images", "train_labels", "test_images", "test_labels"):
            archive.writestr(f"{key}.npy", b"no array")
    with pytest.raises(InvalidInput, match=r"other\.npz must hold arrays as numpy\.savez writes them"):
        read(tmp_path / "other.npz", "train")


def test_arrays_of_objects_are_refused_not_unpickled(npz):
    with pytest.raises(InvalidInput, match="got ValueError: Object arrays cannot be loaded"):
        read(npz(train_labels=np.array([0, "a", None, 1, 1, 0], dtype=object)), "train")


def test_the_message_names_the_file_and_the_split(npz):
    with pytest.raises(InvalidInput, match=r"images in the train split of .*mine\.npz .* got float64 in \[-1\.2, 3\]"):
        read(npz(train_images=np.linspace(-1.2, 3, 6 * 12).reshape(6, 4, 3)), "train")


def test_an_absent_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"none\.npz must exist, .*; give the path of an \.npz file"):
        read(tmp_path / "none.npz", "train")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="must be readable and whole, got IsADirectoryError"):
        read(tmp_path, "train")
