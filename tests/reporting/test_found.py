"""The pictures of what was found: drawn for whatever a search may give, and telling it apart."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.reporting.compression import compression_picture
from rcnas_zoo.reporting.drawing import COLOURS, macs_unit
from rcnas_zoo.reporting.learning import learning_picture
from rcnas_zoo.reporting.pareto import pareto_picture
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import SearchResult
from tests.search.formula import Formula, make_problem

PROBLEM = make_problem()
TEACHER = PROBLEM.teacher.spec


def search(seed=0, visits=6):
    return NamedMethod("random", visits, seed=seed).run(PROBLEM, Formula(), Silent())


def untrained(result):
    visits = [
        replace(v, outcome=replace(v.outcome, status="over-budget", accuracy=0.0, reward=-1.0)) for v in result.visits
    ]
    return SearchResult(tuple(visits), {})


def pixels(content):
    assert content.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def has_colour(picture, colour):
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((picture == wanted).all(axis=-1).any())


@pytest.mark.parametrize("draw", [pareto_picture, learning_picture])
@pytest.mark.parametrize(
    "searches",
    [
        {},
        {"r-nas": search()},
        {"r-nas": search(visits=1), "random": untrained(search())},
        {"r-nas": SearchResult((), {})},
        {name: search(seed, 3) for seed, name in enumerate("abcdefg")},
    ],
)
def test_a_picture_is_drawn_for_whatever_was_found(draw, searches):
    assert pixels(draw(searches, PROBLEM)).shape == pixels(draw({"x": search()}, PROBLEM)).shape


def test_each_search_has_its_colour():
    alone = pixels(learning_picture({"rc-nas": search()}, PROBLEM))
    both = pixels(learning_picture({"rc-nas": search(), "r-nas": search(seed=1)}, PROBLEM))
    assert [has_colour(alone, colour) for colour in COLOURS[:2]] == [True, False]
    assert [has_colour(both, colour) for colour in COLOURS[:2]] == [True, True]


@pytest.mark.parametrize("draw", [pareto_picture, learning_picture])
def test_the_same_searches_give_the_same_bytes_and_others_other_ones(draw):
    first, again, other = (draw({"r-nas": search(seed)}, PROBLEM) for seed in (0, 0, 1))
    assert first == again != other


def test_a_teacher_far_off_still_leaves_room_for_the_networks():
    far = replace(PROBLEM, teacher=replace(PROBLEM.teacher, macs=5_200_000_000))
    assert pareto_picture({"r-nas": search()}, far) != pareto_picture({"r-nas": search()}, PROBLEM)


def test_bars_show_what_is_left_of_each_stage():
    small, other = (search(seed).best.proposal.spec for seed in (0, 1))
    one = compression_picture("x", TEACHER, {"r-nas": small})
    assert pixels(one).shape == pixels(compression_picture("x", TEACHER, {"r-nas": other})).shape
    assert has_colour(pixels(one), COLOURS[0])
    assert not has_colour(pixels(one), COLOURS[1])
    both = pixels(compression_picture("x", TEACHER, {"r-nas": small, "random": other}))
    assert has_colour(both, COLOURS[1])
    assert compression_picture("x", TEACHER, {"r-nas": small}) == one


def test_a_network_wider_and_deeper_than_the_teacher_can_be_drawn():
    wide = robustresnet_spec(8_000_000, TEACHER.input, TEACHER.classes)
    assert any(a.depth > b.depth for a, b in zip(wide.stages, TEACHER.stages, strict=True))
    pixels(compression_picture("x", TEACHER, {"robustresnet": wide, "teacher": TEACHER}))


@pytest.mark.parametrize(("macs", "unit"), [(999_999_999, "million MACs"), (10**9, "billion MACs")])
def test_macs_are_counted_in_millions_until_there_are_a_billion(macs, unit):
    assert macs_unit(macs)[1] == unit
