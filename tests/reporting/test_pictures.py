import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rcnas_zoo.reporting.pictures import search_picture
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import SearchResult
from tests.search.formula import Formula, make_problem

PROBLEM = make_problem()


def search(seed=0, visits=6):
    return NamedMethod("random", visits, seed=seed).run(PROBLEM, Formula(), Silent())


def untrained(result):
    visits = [
        replace(v, outcome=replace(v.outcome, status="over-budget", accuracy=0.0, reward=-1.0)) for v in result.visits
    ]
    return SearchResult(tuple(visits), {})


def pixels(searches):
    content = search_picture(searches, PROBLEM)
    assert content.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def has_colour(picture, colour):
    return bool((picture == colour).all(axis=-1).any())


BLUE, ORANGE = (31, 119, 180), (255, 127, 14)


@pytest.mark.parametrize(
    "searches",
    [
        {"r-nas": search()},
        {"r-nas": search(), "random": search(seed=1)},
        {"r-nas": untrained(search())},
        {"r-nas": search(visits=1), "random": untrained(search())},
        {"r-nas": SearchResult((), {})},
    ],
)
def test_a_picture_has_a_size_that_fits_a_page(searches):
    height, width, _ = pixels(searches).shape
    assert (width, height) == (1210, 462)


def test_each_search_has_its_colour():
    alone, both = pixels({"r-nas": search()}), pixels({"r-nas": search(), "random": search(seed=1)})
    assert has_colour(alone, BLUE)
    assert not has_colour(alone, ORANGE)
    assert has_colour(both, BLUE)
    assert has_colour(both, ORANGE)


def test_the_same_searches_give_the_same_bytes_and_others_other_ones():
    first, again, other = (search_picture({"r-nas": search(seed)}, PROBLEM) for seed in (0, 0, 1))
    assert first == again != other
