import io

import numpy as np
from PIL import Image

from rcnas_zoo.reporting.benchmark_security import security_curves
from tests.baselines.tables import curve_of, curved_table, row_of, table_of, whole_table

BLUE, ORANGE = (31, 119, 180), (255, 127, 14)


def pixels(table):
    with Image.open(io.BytesIO(security_curves(table))) as image:
        return np.asarray(image.convert("RGB"))


def has_colour(picture, colour):
    return bool((picture == colour).all(axis=-1).any())


def test_every_row_has_a_curve_of_its_colour():
    alone = table_of(row_of("sat", [0.6, 0.7], **curve_of(0.5, 0.4)))
    assert has_colour(pixels(alone), BLUE)
    assert not has_colour(pixels(alone), ORANGE)
    assert has_colour(pixels(curved_table()), ORANGE)


def test_a_curve_falls_from_the_clean_accuracy_on():
    picture = pixels(table_of(row_of("sat", [0.6], **curve_of(0.5, 0.1))))
    rows, columns = np.nonzero((picture == BLUE).all(axis=-1))
    inside = columns < 0.75 * picture.shape[1]  # beside the legend
    rows, columns = rows[inside], columns[inside]
    first, last = rows[columns == columns.min()].mean(), rows[columns == columns.max()].mean()
    assert last - first > 0.5 * picture.shape[0]


def test_the_same_table_gives_the_same_bytes_and_one_without_radii_none():
    assert security_curves(curved_table()) == security_curves(curved_table())
    assert security_curves(whole_table()) is None


def test_many_radii_have_room():
    many = {f"linf@{step}/255": 1 - step / 70 for step in range(1, 65)}
    assert pixels(table_of(row_of("sat", [0.5, 0.6], radii=many))).shape == pixels(curved_table()).shape
