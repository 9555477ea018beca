"""Downloads, without a network."""

import shutil
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

import pytest
import torchvision.datasets.utils

from rcnas_zoo.datasets.fetching import fetch
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.errors import NotFound, Unavailable
from tests.datasets.samples import write_tiny_imagenet

NAMES = ["cifar10", "cifar100", "fashion-mnist", "svhn", "tiny-imagenet"]


@pytest.fixture
def offline(monkeypatch):
    """Every connection fails; returns the addresses that were tried."""
    tried = []

    def refuse(request, *args, **kwargs):
        tried.append(request.full_url)
        raise URLError("no route\nto host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return tried


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_download_is_one_line_with_a_way_out(name, tmp_path, offline):
    with pytest.raises(Unavailable, match=f"download of {name} must succeed, got .*no route to host.*") as caught:
        fetch(name, tmp_path)
    assert str(caught.value).endswith(f"try again, or unpack it under {tmp_path}")
    assert "\n" not in str(caught.value)
    assert offline


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched_unless_asked_for(name, tmp_path, offline):
    with pytest.raises(NotFound, match=f"the data set {name} must exist.*; add --download, or unpack it under"):
        load_dataset(name, tmp_path)
    assert offline == []


def test_a_download_is_unpacked_and_read_and_leaves_stdout_alone(tmp_path, monkeypatch, capsys):
    def deliver(url: str, root: str, filename: str, md5: str) -> None:
        sys.stdout.write(f"Downloading {url}")
        archive = shutil.make_archive(str(tmp_path / "packed"), "zip", write_tiny_imagenet(tmp_path / "made").parent)
        Path(root).mkdir(parents=True, exist_ok=True)
        shutil.move(archive, Path(root) / filename)

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", deliver)
    dataset = load_dataset("tiny-imagenet", tmp_path / "root", download=True)
    assert (len(dataset.train), len(dataset.test()), dataset.classes) == (200, 200, 200)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Downloading" in captured.err
