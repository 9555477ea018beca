"""The data root: argument, then environment, then the user's data folder."""

from pathlib import Path

import pytest
from platformdirs import user_data_path

from rcnas_zoo.datasets.root import data_root


def test_the_argument_wins(monkeypatch):
    monkeypatch.setenv("RCNAS_DATA", "/elsewhere")
    assert data_root(Path("/mine")) == Path("/mine")


def test_the_environment_is_next(monkeypatch):
    monkeypatch.setenv("RCNAS_DATA", "/elsewhere")
    assert data_root(None) == Path("/elsewhere")


@pytest.mark.parametrize("value", [None, ""])
def test_the_data_folder_of_the_user_is_last(monkeypatch, value):
    monkeypatch.delenv("RCNAS_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("RCNAS_DATA", value)
    assert data_root(None) == user_data_path("rcnas-zoo")


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("RCNAS_DATA", "~/data")
    assert data_root(None) == data_root(Path("~/data")) == Path.home() / "data"
