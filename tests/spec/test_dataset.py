import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.dataset import DATASETS, check_dataset_name, dataset_slug, default_threat
from rcnas_zoo.spec.errors import InvalidInput

from .refusals import checked


@pytest.mark.parametrize("name", [*DATASETS, "npz:/a/b.npz", "folder:pictures", "npz:c:/x"])
def test_known_names_and_paths_are_data_sets(name):
    assert check_dataset_name(name) == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "cifar-10",
            "a data set must be one of digits, .*, npz:FILE, folder:DIR, got 'cifar-10' .did you mean 'cifar10'",
        ),
        ("mnist", "got 'mnist'"),
        ("", "got ''"),
        ("zip:/a", "got 'zip:/a'"),
        ("npz:", "a data set npz: must name its path, such as npz:/data/mine, got 'npz:'"),
        ("folder:", "a data set folder: must name its path"),
    ],
)
def test_an_unknown_data_set_is_refused(name, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        check_dataset_name(name)
    checked(caught.value)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("fashion-mnist", "fashion-mnist"),
        ("npz:/data/My Set.v2.npz", "my-set-v2"),
        ("folder:pictures/cats_and_dogs/", "cats_and_dogs"),
        ("npz:..", "data"),
        ("npz:/日本.npz", "data"),
    ],
)
def test_the_slug_of_a_path_is_its_stem(name, slug):
    assert dataset_slug(name) == slug


@given(st.sampled_from(["npz:", "folder:"]), st.text())
def test_a_slug_holds_nothing_but_what_an_alias_may(prefix, path):
    assert re.fullmatch(r"[a-z0-9_-]+", dataset_slug(prefix + path))


@pytest.mark.parametrize("name", DATASETS)
def test_a_known_name_is_its_own_slug(name):
    assert dataset_slug(name) == name


@pytest.mark.parametrize(
    ("name", "threat"),
    [
        ("digits", "linf@1/5"),
        ("fashion-mnist", "linf@1/10"),
        ("cifar10", "linf@8/255"),
        ("cifar100", "linf@8/255"),
        ("svhn", "linf@8/255"),
        ("tiny-imagenet", "linf@8/255"),
        ("npz:/a/b.npz", "linf@8/255"),
        ("folder:pictures", "linf@8/255"),
    ],
)
def test_each_data_set_has_its_default_threat(name, threat):
    assert str(default_threat(name)) == threat


@pytest.mark.parametrize("name", ["digits", "svhn"])
def test_images_of_digits_are_never_flipped(name):
    assert not DATASETS[name].flips
