"""Bytes in few bytes, and back: never more of them than was asked for."""

import lzma

from rcnas_zoo.spec.errors import IntegrityError

_WINDOW = 1 << 23
# A reader needs the window and some 100 kB; a stream that asks for much more is not ours.
_MEMORY = 2 * _WINDOW
# Neither neighbours in the byte before nor an alignment tells anything about signs and small steps.
_FILTERS = [
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": _WINDOW, "lc": 0, "lp": 0, "pb": 0}
]


def squeeze(content: bytes) -> bytes:
    """The content as an xz stream with checksums; nothing stays nothing."""
    if not content:
        return b""
    return lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=_FILTERS)


def expand(stream: bytes, size: int, what: str) -> bytes:
    """The content of a stream of `squeeze`, which must have exactly this many bytes.

    Args:
        stream: one whole stream and nothing after it.
        size: bytes wanted; no more than one byte beyond them is ever unpacked.
        what: whose stream it is, for messages.

    Raises:
        IntegrityError: a damaged stream, or one of another content's size.
    """
    if not stream and not size:
        return b""
    reader = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        content = reader.decompress(stream, max_length=size + 1)
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        raise IntegrityError(f"{what} must be a whole xz stream, got {error}") from error
    if len(content) != size or not reader.eof or reader.unused_data:
        found = "more" if len(content) > size or reader.unused_data else f"{len(content)} of a stream cut off"
        raise IntegrityError(f"{what} must unpack to {size} bytes, got {found}")
    return content
