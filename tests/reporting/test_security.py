import io

import numpy as np
import pytest
from PIL import Image

from rcnas_zoo.reporting.security import confusion_picture, security_picture


def pixels(content):
    assert content.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_curve_has_a_line_for_each_attack():
    points = [(0.1, 0.6, (0.5, 0.7)), (0.2, 0.2, (0.1, 0.3))]
    attacks = {"pgd-20": [(0.1, 0.6), (0.2, 0.2)], "fgsm": [(0.1, 0.7), (0.2, 0.4)]}
    both, one = (
        pixels(security_picture("net", 0.9, shown, points)) for shown in (attacks, {"pgd-20": attacks["pgd-20"]})
    )
    assert both.shape == one.shape
    assert (both != one).any()
    assert security_picture("net", 0.9, attacks, points) == security_picture("net", 0.9, attacks, points)


@pytest.mark.parametrize("classes", [2, 10, 30])
def test_confusions_are_drawn_for_any_number_of_classes(classes):
    clean = np.eye(classes, dtype=int) * 5
    robust = np.roll(clean, 1, axis=1)
    same, different = (pixels(confusion_picture("net", clean.tolist(), other.tolist())) for other in (clean, robust))
    assert (same != different).any()
