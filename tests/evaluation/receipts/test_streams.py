import lzma
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.receipts.streams import expand, squeeze
from rcnas_zoo.spec.errors import IntegrityError


@given(st.binary(max_size=2000))
def test_what_goes_in_comes_out(content):
    assert expand(squeeze(content), len(content), "it") == content
    assert squeeze(content) == squeeze(content)


def test_a_repeated_pattern_becomes_small():
    assert len(squeeze(b"abcd" * 100_000)) < 500


@given(st.binary(max_size=100), st.integers(-3, 3).filter(bool))
def test_another_size_is_refused(content, more):
    if len(content) + more >= 0:
        with pytest.raises(IntegrityError, match="it must"):
            expand(squeeze(content), len(content) + more, "it")


@given(st.binary(min_size=1, max_size=100), st.data())
def test_any_changed_bit_is_refused(content, data):
    stream = bytearray(squeeze(content))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(IntegrityError, match="it must"):
        expand(bytes(stream), len(content), "it")


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_stream_cut_off_or_gone_on_is_refused(content, data):
    stream = squeeze(content)
    with pytest.raises(IntegrityError, match="it must"):
        expand(stream[: data.draw(st.integers(0, len(stream) - 1))], len(content), "it")
    with pytest.raises(IntegrityError, match="it must unpack to"):
        expand(stream + data.draw(st.binary(min_size=1, max_size=20)), len(content), "it")


@given(st.binary(max_size=200), st.integers(0, 100))
def test_bytes_that_are_no_stream_are_refused(noise, size):
    if noise or size:
        with pytest.raises(IntegrityError, match="it must"):
            expand(noise, size, "it")


def test_a_bomb_is_not_unpacked():
    bomb = squeeze(bytes(50_000_000))
    assert len(bomb) < 10_000
    tracemalloc.start()
    with pytest.raises(IntegrityError, match="must unpack to 100 bytes, got more"):
        expand(bomb, 100, "it")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_stream_that_asks_for_much_memory_is_refused():
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    with pytest.raises(IntegrityError, match="must be a whole xz stream, got Memory usage limit"):
        expand(lzma.compress(b"a" * 100, format=lzma.FORMAT_XZ, filters=filters), 100, "it")
