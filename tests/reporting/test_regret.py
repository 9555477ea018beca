import io

import numpy as np
import pytest
from PIL import Image

from rcnas_zoo.reporting.regret import COLOURS, DASHES, regret_picture
from rcnas_zoo.search.standings import Curve


def curve(end=0.1, queries=30):
    mean = tuple(end + (1 - end) * 0.8**place for place in range(queries))
    return Curve(mean, tuple(value - 0.05 for value in mean), tuple(value + 0.05 for value in mean))


def pixels(curves):
    content = regret_picture("digits", curves)
    assert content.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def has_colour(picture, colour):
    rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return bool((picture == rgb).all(axis=-1).any())


@pytest.mark.parametrize("count", [1, 2, len(COLOURS)])
def test_each_method_has_a_colour_of_its_own(count):
    picture = pixels({f"m{place}": curve(place / 10) for place in range(count)})
    assert [has_colour(picture, colour) for colour in COLOURS[:6]] == [place < count for place in range(6)]


def test_more_methods_than_colours_differ_by_dashes():
    styles = {(COLOURS[n % len(COLOURS)], DASHES[n // len(COLOURS) % len(DASHES)]) for n in range(21)}
    assert len(styles) == 21


def test_one_query_is_drawn():
    assert pixels({"random": curve(queries=1)}).shape[2] == 3
