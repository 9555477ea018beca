"""Lines of one file inside a compressed archive, read in passing: nothing is unpacked onto the disk."""

import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

MOST_BYTES = 2_000_000_000
LONGEST_LINE = 4_000_000


class _Limited:
    """A stream that ends in an error when more was read than is allowed, for xz could hold any number of zeros."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise InvalidInput(
                "an archive must not hold more bytes than are allowed; it is not the one that it should be"
            )
        return content


def lines_of(path: Path, name: str, most: int = MOST_BYTES) -> Iterator[bytes]:
    """The lines of the first file called ``name``, wherever in the archive it lies; links are not followed.

    Args:
        path: a tar file compressed by xz, or such a file itself, if its name ends like ``name``.
        name: of the file.
        most: bytes, unpacked, up to the end of that file.

    Raises:
        NotFound: there is nothing at the path.
        IntegrityError: the archive is damaged or cut off.
        InvalidInput: it is no such archive, does not hold that file, or is too large.
    """
    if not path.is_file():
        raise NotFound(f"an archive must be a file, there is none at {path}")
    if path.suffix == PurePosixPath(name).suffix:
        with path.open("rb") as plain:
            yield from _lines(cast(BinaryIO, _Limited(plain, most)), path)
        return
    with lzma.open(path) as unpacked:
        try:
            stream = cast(BinaryIO, _Limited(cast(BinaryIO, unpacked), most))
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                yield from _lines(_member(archive, name, path), path)
        except (lzma.LZMAError, EOFError, tarfile.ReadError) as error:
            raise IntegrityError(f"the archive {path} must be a whole tar file under xz, it is not: {error}") from error


def _member(archive: tarfile.TarFile, name: str, path: Path) -> BinaryIO:
    seen = []
    for member in archive:
        seen.append(member.name)
        if PurePosixPath(member.name).name == name and member.isreg():
            return cast(BinaryIO, archive.extractfile(member))
    raise InvalidInput(f"the archive {path} must hold a file {name}, it has {', '.join(seen[:5]) or 'nothing'}")


def _lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Lines without their ends; the last one needs none."""
    rest = b""
    while block := stream.read(1 << 20):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
        if len(rest) > LONGEST_LINE:
            raise InvalidInput(f"a line of {path} must have at most {LONGEST_LINE} bytes, one has more")
    if rest:
        yield rest
