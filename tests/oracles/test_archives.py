import io
import lzma
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.oracles import archives
from rcnas_zoo.oracles.archives import lines_of
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

NAME = "rows.jsonl"


def pack(path, members):
    """Members by name: bytes of a file, or a `TarInfo` that needs none."""
    with tarfile.open(path, "w:xz") as archive:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name, target, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line), max_size=6))
def test_the_lines_come_as_they_are_whatever_stands_before_them(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("archive") / "rows.txz"
    content = b"\n".join(lines)
    pack(path, [("readme", b"x" * 20_000), (f"data/{NAME}", content)])
    wanted = lines[:-1] if lines and not lines[-1] else lines
    assert list(lines_of(path, NAME)) == wanted


def test_the_file_itself_may_be_given(tmp_path):
    (tmp_path / "mine.jsonl").write_bytes(b"a\nb\n")
    assert list(lines_of(tmp_path / "mine.jsonl", NAME)) == [b"a", b"b"]


def test_nothing_is_written_wherever_a_member_claims_to_lie(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    path = pack(inside / "rows.txz", [("../evil", b"x"), (f"/{NAME}", b"1\n2"), ("../../worse", b"y")])
    before = sorted(tmp_path.rglob("*"))
    assert list(lines_of(path, NAME)) == [b"1", b"2"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_link_is_not_followed(tmp_path, kind):
    (tmp_path / "secret").write_text("secret")
    path = pack(tmp_path / "rows.txz", [("", link(NAME, str(tmp_path / "secret"), kind))])
    with pytest.raises(InvalidInput, match=rf"must hold a file {NAME}, it has {NAME}"):
        list(lines_of(path, NAME))


def test_what_the_archive_has_instead_is_told(tmp_path):
    with pytest.raises(InvalidInput, match="it has a, b"):
        list(lines_of(pack(tmp_path / "rows.txz", [("a", b""), ("b", b"")]), NAME))
    with pytest.raises(InvalidInput, match="it has nothing"):
        list(lines_of(pack(tmp_path / "rows.txz", []), NAME))
    with pytest.raises(NotFound, match="an archive must be a file"):
        list(lines_of(tmp_path / "none.txz", NAME))


@pytest.mark.parametrize("before", [0, 3_000_000])
def test_more_bytes_than_allowed_are_never_unpacked(tmp_path, before):
    """Also where they stand before the file that is wanted, and would only be skipped."""
    lines = b"0123456789\n" * 300_000
    path = pack(tmp_path / "rows.txz", [("zeros", b"\0" * before), (NAME, lines if not before else b"1")])
    assert path.stat().st_size < 100_000
    with pytest.raises(InvalidInput, match="must not hold more bytes than are allowed"):
        list(lines_of(path, NAME, most=2_000_000))


def test_a_line_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "LONGEST_LINE", 1000)
    with pytest.raises(InvalidInput, match="at most 1000 bytes, one has more"):
        list(lines_of(pack(tmp_path / "rows.txz", [(NAME, b"x" * 2000)]), NAME))


def test_damage_is_told(tmp_path):
    path = pack(tmp_path / "rows.txz", [(NAME, bytes(range(256)) * 400)])
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no xz at all", lzma.compress(b"no tar at all" * 100), b""):
        path.write_bytes(content)
        with pytest.raises(IntegrityError, match="must be a whole tar file under xz"):
            list(lines_of(path, NAME))
