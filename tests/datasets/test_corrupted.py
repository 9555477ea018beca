"""Common corruptions: found, counted, read one at a time, refused by name."""

import numpy as np
import pytest

from rcnas_zoo.datasets.corrupted import load_corruptions
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import random_pixels

SHAPE = (3, 4, 5)
LABELS = np.array([0, 2, 1, 0, 2, 2])


def pixels(count, seed=0):
    return random_pixels(count, 4, 5, 3, seed=seed)


def write_folder(path, **arrays):
    path.mkdir()
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


def write_file(path, **arrays):
    np.savez(path.with_suffix(".npz"), **arrays)
    return path.with_suffix(".npz")


@pytest.fixture(params=[write_folder, write_file])
def write(request, tmp_path):
    """Writes arrays into a folder or an .npz file."""
    return lambda **arrays: request.param(tmp_path / "mine", **arrays)


def check_severities(found, array, labels):
    assert [images.images.permute(0, 2, 3, 1).numpy().tolist() for images in found] == [
        part.tolist() for part in np.split(array, len(found))
    ]
    assert all(images.labels.tolist() == labels.tolist() for images in found)
    assert {images.levels for images in found} == {255}


def test_arrays_several_times_as_long_as_the_labels_have_severities(write):
    arrays = {"blur": pixels(18), "fog": pixels(6, seed=1)}
    found = load_corruptions(write(labels=LABELS, **arrays), SHAPE, 3)
    assert list(found) == ["blur", "fog"]
    assert {name: len(severities) for name, severities in found.items()} == {"blur": 3, "fog": 1}
    for name, array in arrays.items():
        check_severities(found[name], array, LABELS)


def test_labels_five_times_the_same_mean_five_severities(write):
    array = pixels(30)
    found = load_corruptions(write(labels=np.tile(LABELS, 5), snow=array), SHAPE, 3)
    check_severities(found["snow"], array, LABELS)
    assert len(found["snow"]) == 5


def test_labels_that_differ_are_one_severity(write):
    labels = np.arange(30) % 3
    labels[7] = 1 - labels[7] % 2
    array = pixels(30)
    found = load_corruptions(write(labels=labels, snow=array), SHAPE, 3)
    assert len(found["snow"]) == 1
    check_severities(found["snow"], array, labels)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_another_number_of_severities_can_be_told(write, times):
    array = pixels(6 * times)
    found = load_corruptions(write(labels=np.tile(LABELS, times), snow=array), SHAPE, 3, severities=times)
    assert len(found["snow"]) == times
    check_severities(found["snow"], array, LABELS)


def test_one_severity_can_be_told_where_the_labels_repeat_by_chance(write):
    labels = np.tile([0, 1], 5)
    found = load_corruptions(write(labels=labels, snow=pixels(10)), SHAPE, 2, severities=1)
    assert [len(images) for images in found["snow"]] == [10]


@pytest.mark.parametrize("axes", [slice(None), (..., 0)])
def test_grey_images_may_have_a_channel_or_none(write, axes):
    array = pixels(6)[..., :1]
    found = load_corruptions(write(labels=LABELS, fog=array[axes]), (1, 4, 5), 3)
    assert found["fog"][0].shape == (1, 4, 5)
    check_severities(found["fog"], array, LABELS)


def test_arrays_in_columns_and_small_integers_are_as_good(write):
    array = pixels(6)
    found = load_corruptions(write(labels=LABELS.astype(np.uint8), fog=np.asfortranarray(array)), SHAPE, 3)
    check_severities(found["fog"], array, LABELS)


def test_compressed_files_are_as_good(tmp_path):
    array = pixels(6)
    np.savez_compressed(tmp_path / "small.npz", labels=LABELS, fog=array)
    check_severities(load_corruptions(tmp_path / "small.npz", SHAPE, 3)["fog"], array, LABELS)


def test_pixels_are_read_when_they_are_asked_for(tmp_path):
    folder = write_folder(tmp_path / "mine", labels=LABELS, fog=pixels(6), blur=pixels(6))
    found = load_corruptions(folder, SHAPE, 3)
    (folder / "fog.npy").unlink()
    assert len(found["blur"]) == 1
    with pytest.raises(NotFound, match=r"must exist, but .*fog\.npy does not"):
        found["fog"]


def test_an_unknown_corruption_is_no_key(write):
    found = load_corruptions(write(labels=LABELS, fog=pixels(6)), SHAPE, 3)
    assert "snow" not in found
    assert found.get("snow") is None


def test_a_file_that_is_absent_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"no\.npz must exist, but .* does not; give an \.npz file, or a folder"):
        load_corruptions(tmp_path / "no.npz", SHAPE, 3)


def test_a_folder_without_labels_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"labels\.npy does not"):
        load_corruptions(write_folder(tmp_path / "mine", fog=pixels(6)), SHAPE, 3)


def test_a_file_without_labels_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"must hold the array labels, got fog"):
        load_corruptions(write_file(tmp_path / "mine", fog=pixels(6)), SHAPE, 3)


def refusal(path, **how):
    with pytest.raises(InvalidInput) as caught:
        load_corruptions(path, SHAPE, 3, **how)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_labels_alone_are_refused(write):
    assert "at least one corruption" in refusal(write(labels=LABELS))


@pytest.mark.parametrize(
    "array",
    [
        pixels(6)[..., :2],
        pixels(6)[:, :3],
        pixels(6)[..., 0],
        pixels(6).transpose(0, 3, 1, 2),
        pixels(6)[0, 0, 0],
        pixels(6).astype(np.float32),
        pixels(0),
    ],
)
def test_images_of_another_shape_or_type_are_refused(write, array):
    assert "the images of fog in" in refusal(write(labels=LABELS, fog=array))


@pytest.mark.parametrize("count", [1, 5, 7, 17])
def test_numbers_that_do_not_fit_are_refused(write, count):
    assert f"got {count} and 6 labels" in refusal(write(labels=LABELS, fog=pixels(count)))


@pytest.mark.parametrize(
    "labels",
    [LABELS + 1, LABELS - 1, LABELS.astype(float), LABELS[None], LABELS[:0], np.array(["a"] * 6)],
)
def test_labels_out_of_range_or_of_another_type_are_refused(write, labels):
    assert "the labels in" in refusal(write(labels=labels, fog=pixels(6)))


def test_severities_that_are_not_there_are_refused(write):
    path = write(labels=LABELS, fog=pixels(6), snow=pixels(12))
    assert "must repeat 2 times for 2 severities" in refusal(path, severities=2)
    assert "the images of snow" in refusal(path, severities=1)
    assert "the number of severities must be at least 1" in refusal(path, severities=0)


@pytest.mark.parametrize("name", ["labels", "fog"])
def test_arrays_of_objects_are_refused_not_unpickled(write, name):
    arrays = {"labels": LABELS, "fog": pixels(6)}
    arrays[name] = np.array([None] * 6, dtype=object)
    refusal(write(**arrays))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_file_cut_off_is_refused(tmp_path, share):
    path = write_file(tmp_path / "mine", labels=LABELS, fog=pixels(6))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert "must be a whole .npz file" in refusal(path)


def test_an_array_cut_off_is_refused_when_it_is_read(tmp_path):
    folder = write_folder(tmp_path / "mine", labels=LABELS, fog=pixels(6))
    (folder / "fog.npy").write_bytes((folder / "fog.npy").read_bytes()[:-1])
    found = load_corruptions(folder, SHAPE, 3)
    with pytest.raises(InvalidInput, match=r"mine must be readable and whole, got ValueError"):
        found["fog"]


def test_what_is_no_array_is_refused(tmp_path):
    folder = write_folder(tmp_path / "mine", labels=LABELS)
    (folder / "fog.npy").write_bytes(b"no array")
    assert "must be readable and whole" in refusal(folder)


def test_other_files_of_a_folder_do_not_matter(tmp_path):
    folder = write_folder(tmp_path / "mine", labels=LABELS, fog=pixels(6))
    (folder / "README.txt").write_text("hello")
    assert list(load_corruptions(folder, SHAPE, 3)) == ["fog"]


def test_without_a_network_that_says_them_shape_and_classes_are_the_files_own(write):
    path = write(labels=LABELS + 40, fog=pixels(6), blur=pixels(12))
    found = load_corruptions(path, None, None)
    assert {name: (len(severities), severities[0].shape) for name, severities in found.items()} == {
        "fog": (1, SHAPE),
        "blur": (2, SHAPE),
    }
    assert found["fog"][0].labels.max() == 42


def test_grey_images_may_lack_their_channel_in_some_arrays(write):
    arrays = {"blur": pixels(6)[..., 0], "fog": pixels(6)[..., :1]}
    found = load_corruptions(write(labels=LABELS, **arrays), None, None)
    assert {severities[0].shape for severities in found.values()} == {(1, 4, 5)}


@pytest.mark.parametrize("array", [pixels(6)[..., :2], pixels(6)[:, :3], pixels(6).astype(float), pixels(6)[0, 0]])
def test_corruptions_of_different_shapes_are_refused(write, array):
    with pytest.raises(InvalidInput, match="the images of snow in"):
        load_corruptions(write(labels=LABELS, fog=pixels(6), snow=array), None, None)


@pytest.mark.parametrize("array", [pixels(6)[:, 0, 0, 0], pixels(0), pixels(6)[None], pixels(6)[:, :0]])
def test_what_is_no_image_is_refused_in_any_shape(write, array):
    with pytest.raises(InvalidInput, match=r"must be uint8 \(n, height, width, channels\), got"):
        load_corruptions(write(labels=LABELS, fog=array), None, None)


def test_labels_are_never_negative(write):
    with pytest.raises(InvalidInput, match="must be at least 0, got -1 to 1"):
        load_corruptions(write(labels=LABELS - 1, fog=pixels(6)), None, None)
