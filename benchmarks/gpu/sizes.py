"""Sizes of files, such as ``16MiB``, and minutes and counts as the command line gives them."""

import re

from rcnas_zoo.spec.errors import InvalidInput

_UNITS = {"MiB": 1 << 20, "KiB": 1 << 10, "B": 1}
_SIZE = re.compile(r"(\d{1,12})(MiB|KiB|B)", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes of a size.

    Raises:
        InvalidInput: no whole number above 0 with one of the units MiB, KiB and B.
    """
    match = _SIZE.fullmatch(text)
    if match is None or not int(match[1]):
        raise InvalidInput(f"a size must be a whole number above 0 of MiB, KiB or B, such as 16MiB, got {text!r}")
    return int(match[1]) * _UNITS[match[2]]
