"""One content in parts of limited size, with a manifest by which whoever has them all makes sure of each.

A part is a run of bytes of the content. The manifest is JSON: the size and sha256 of the whole and of every part, and
facts of the maker.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.spec.canonical import (
    as_object,
    canonical_json,
    check_fields,
    check_integer,
    check_list,
    check_text,
    parse_object,
)
from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.zoo.files import read_limited

TEXT_LIMIT = 1 << 20
_FIELDS = ("name", "bytes", "sha256", "parts", "facts")


@dataclass(frozen=True)
class Manifest:
    """What belongs together.

    Attributes:
        name: of the content; parts are called ``NAME.001`` and so on.
        size, sha256: of the whole content.
        parts: size and sha256 of each part, in their order.
        facts: plain JSON data of the maker.
    """

    name: str
    size: int
    sha256: str
    parts: tuple[tuple[int, str], ...]
    facts: dict[str, Any]

    def part(self, number: int) -> str:
        """The file name of a part, from 1."""
        return f"{self.name}.{number:03}"

    def to_json(self) -> str:
        """The canonical JSON text."""
        parts = [{"bytes": size, "sha256": each} for size, each in self.parts]
        return canonical_json(dict(zip(_FIELDS, (self.name, self.size, self.sha256, parts, self.facts), strict=True)))

    @classmethod
    def from_json(cls, text: str, name: str) -> "Manifest":
        """The manifest in a JSON text, strictly checked; it must be of a content of this name."""
        found = check_fields(parse_object(text, "a manifest"), "a manifest", _FIELDS)
        if found["name"] != name:
            raise IntegrityError(f"a manifest must be of {name}, got {found['name']!r}; take that of the same parts")
        parts = [check_fields(p, "a part", ("bytes", "sha256")) for p in check_list("the parts", found["parts"])]
        sizes = tuple((check_integer("a size", p["bytes"], 1), check_text("a sha256", p["sha256"])) for p in parts)
        size, facts = check_integer("a size", found["bytes"], 0), as_object(found["facts"], "the facts of a manifest")
        return cls(name, size, check_text("a sha256", found["sha256"]), sizes, facts)


def write_parts(folder: Path, name: str, content: bytes, part_size: int, facts: dict[str, Any]) -> Manifest:
    """Writes a content as parts of at most ``part_size`` bytes, and last its manifest ``NAME.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = list(_cut(content, part_size))
    hashes = tuple((len(part), sha256(part).hexdigest()) for part in parts)
    manifest = Manifest(name, len(content), sha256(content).hexdigest(), hashes, facts)
    for number, part in enumerate(parts, start=1):
        write_whole(folder / manifest.part(number), part)
    write_whole(folder / f"{name}.json", manifest.to_json().encode())
    return manifest


def _cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest ``NAME.json`` in a folder.

    Raises:
        NotFound: it is not there.
        InvalidInput, IntegrityError: it is damaged, or of something else.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        raise NotFound(f"the manifest {path.name} must be in {folder}, but it is not; bring it back with the parts")
    return Manifest.from_json(read_limited(path, TEXT_LIMIT).decode(errors="replace"), name)


def read_parts(folder: Path, manifest: Manifest) -> bytes:
    """The content whose parts lie in a folder.

    Raises:
        NotFound: parts are missing; all of them are named.
        IntegrityError: a part, or the whole, is not what the manifest says.
    """
    numbers = range(1, len(manifest.parts) + 1)
    missing = [manifest.part(number) for number in numbers if not (folder / manifest.part(number)).is_file()]
    if missing:
        raise NotFound(f"all {len(numbers)} parts must be in {folder}, missing: {', '.join(missing)}; bring them too")
    content = b"".join(_checked(folder / manifest.part(number), *manifest.parts[number - 1]) for number in numbers)
    if len(content) != manifest.size or sha256(content).hexdigest() != manifest.sha256:
        raise IntegrityError(f"the parts in {folder} must make up what the manifest says; bring all of them again")
    return content


def _checked(path: Path, size: int, hashed: str) -> bytes:
    content = read_limited(path, size)
    if len(content) != size or sha256(content).hexdigest() != hashed:
        raise IntegrityError(f"the part {path.name} must match its sha256 in the manifest, it does not; bring it again")
    return content
