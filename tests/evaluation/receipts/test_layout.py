import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.receipts.coarse import EXACT, STEPS, VERTEX
from rcnas_zoo.evaluation.receipts.layout import from_bytes, size_of, to_bytes

STEP_KINDS = pytest.mark.parametrize("kind", STEPS)
INT16 = st.lists(st.integers(-(2**15), 2**15 - 1), max_size=50)


def int16(values):
    return torch.tensor(values, dtype=torch.int16)


@STEP_KINDS
@given(values=INT16)
def test_steps_come_back(kind, values):
    content = to_bytes(kind, int16(values))
    assert len(content) == size_of(kind, len(values)) == 2 * len(values)
    assert from_bytes(kind, content, (len(values),)).tolist() == values


@given(st.lists(st.booleans(), max_size=50))
def test_signs_take_a_bit_each(signs):
    content = to_bytes(VERTEX, int16(signs))
    assert len(content) == size_of(VERTEX, len(signs)) == -(-len(signs) // 8)
    assert from_bytes(VERTEX, content, (len(signs),)).tolist() == [int(sign) for sign in signs]


@given(st.lists(st.floats(width=32), max_size=50))
def test_examples_keep_every_bit(values):
    content = to_bytes(EXACT, torch.from_numpy(np.array(values, np.float32)))
    assert len(content) == size_of(EXACT, len(values))
    assert from_bytes(EXACT, content, (len(values),)).numpy().tobytes() == np.array(values, np.float32).tobytes()


def test_small_steps_of_either_sign_have_empty_high_bytes():
    assert to_bytes(3, int16([0, -1, 1, -2, 127, -128])) == bytes([0, 1, 2, 3, 254, 255]) + bytes(6)
    assert to_bytes(3, int16([128, -(2**15)])) == bytes([0, 255, 1, 255])


def test_like_bytes_of_floats_stand_together():
    rows = [struct.pack("<f", value) for value in (0.5, -3.25)]
    expected = bytes(row[place] for place in range(4) for row in rows)
    assert to_bytes(EXACT, torch.tensor([0.5, -3.25])) == expected


@pytest.mark.parametrize("kind", [VERTEX, *STEPS])
def test_the_shape_comes_back(kind):
    values = torch.arange(2 * 3 * 5 * 7, dtype=torch.int16).reshape(2, 3, 5, 7) % 2
    assert torch.equal(from_bytes(kind, to_bytes(kind, values), (2, 3, 5, 7)), values)
    assert from_bytes(kind, b"", (0, 3, 5, 7)).shape == (0, 3, 5, 7)
