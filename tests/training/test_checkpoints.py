"""What is kept on disk of a training under way: that it comes back, and that nothing damaged does."""

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.training import checkpoints as module
from rcnas_zoo.training.checkpoints import Checkpoints, Saved

NUMBERS = st.one_of(st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False))
ROWS = st.lists(st.dictionaries(st.text(max_size=8), NUMBERS, max_size=4), max_size=4)
FACTS = st.fixed_dictionaries(
    {"done": st.integers(0, 10**9 - 1), "curve": ROWS, "identity": st.text(max_size=20), "seconds": st.floats(0, 1e9)}
)
TYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]
SHAPES = st.lists(st.integers(0, 4), max_size=4)


def moment(done, value=0.0):
    tensors = {"model/weight": torch.full((3, 2), value), "loss": torch.tensor(value)}
    return Saved(tensors, {"done": done, "curve": [{"loss": value}]})


def same(one, other):
    return (
        one.facts == other.facts
        and one.tensors.keys() == other.tensors.keys()
        and all(
            value.dtype == one.tensors[name].dtype and torch.equal(value, one.tensors[name])
            for name, value in other.tensors.items()
        )
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def kept(tmp_path):
    """A folder with the moments 8 and 16."""
    checkpoints = Checkpoints(tmp_path / "kept")
    for done in (8, 16):
        checkpoints.save(moment(done, done / 3))
    return checkpoints


def newest(checkpoints):
    """What is the newest whole moment, and which are warned of."""
    warnings = []
    return checkpoints.latest(warnings.append), warnings


@settings(max_examples=25)  # each waits for the disk
@given(FACTS, st.dictionaries(st.text(min_size=1, max_size=9), st.tuples(st.sampled_from(TYPES), SHAPES), max_size=4))
def test_what_is_kept_comes_back_equal(facts, shapes):
    source = torch.Generator().manual_seed(0)
    tensors = {
        f"model/{name}": (100 * torch.rand(shape, generator=source)).to(dtype)
        for name, (dtype, shape) in shapes.items()
    }
    with TemporaryDirectory() as folder:
        Checkpoints(Path(folder) / "new" / "folder").save(Saved(tensors, facts))
        found, warnings = newest(Checkpoints(Path(folder) / "new" / "folder"))
    assert same(found, Saved(tensors, facts))
    assert warnings == []


def test_an_absent_or_empty_folder_has_nothing(tmp_path):
    assert newest(Checkpoints(tmp_path / "absent")) == (None, [])
    assert newest(Checkpoints(tmp_path)) == (None, [])


def test_the_last_two_are_kept_and_nothing_else(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for done in (9, 10, 99, 100, 1000):
        checkpoints.save(moment(done, float(done)))
        assert same(newest(checkpoints)[0], moment(done, float(done)))
    assert names(tmp_path) == [f"{done:09}.{suffix}" for done in (100, 1000) for suffix in ("json", "safetensors")]


def test_a_moment_that_is_kept_again_is_replaced(kept):
    kept.save(moment(16, 0.5))
    assert same(newest(kept)[0], moment(16, 0.5))
    assert len(names(kept.folder)) == 4


def test_files_of_others_in_the_folder_stay(kept):
    (kept.folder / "notes.txt").write_text("mine")
    kept.save(moment(24))
    assert (kept.folder / "notes.txt").read_text() == "mine"


def test_what_a_killed_process_left_half_written_goes_with_the_next_moment(kept):
    (kept.folder / "000000020.safetensors.new").write_bytes(b"half")
    (kept.folder / "000000021.json.new").write_bytes(b"half")
    (kept.folder / "000000022.safetensors").write_bytes(b"without its facts")
    assert same(newest(kept)[0], moment(16, 16 / 3))
    kept.save(moment(24))
    assert names(kept.folder) == [f"{done:09}.{suffix}" for done in (16, 24) for suffix in ("json", "safetensors")]


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def flip_the_last(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def longer(path):
    path.write_bytes(path.read_bytes() + b" x")


def lose(path):
    path.unlink()


def another(path):
    path.write_bytes((path.parent / f"000000008{path.suffix}").read_bytes())


def other_json(path):
    path.write_text("[1]")


def other_fields(path):
    path.write_text("{}")


def binary(path):
    path.write_bytes(bytes(range(128, 256)))


DAMAGES = [cut, empty, flip, flip_the_last, longer, another, binary]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        *((".safetensors", damage) for damage in [*DAMAGES, lose]),
        *((".json", damage) for damage in [*DAMAGES, other_json, other_fields]),
    ],
)
def test_a_damaged_moment_is_passed_over_with_a_warning_and_the_one_before_is_taken(kept, suffix, damage):
    damage(kept.folder / f"000000016{suffix}")
    found, warnings = newest(kept)
    assert same(found, moment(8, 8 / 3))
    assert warnings == [
        f"the checkpoint {kept.folder / '000000016.json'} is damaged; an older one, or the start, is taken instead, "
        "and it is set aside as *.damaged"
    ]
    assert (kept.folder / "000000016.json.damaged").exists()
    kept.save(moment(16))
    assert newest(kept)[1] == []
    assert (kept.folder / "000000016.json.damaged").exists()


def test_tensors_without_their_facts_are_no_moment(kept):
    """The facts are written last, so this is what a process leaves that is killed between the two."""
    lose(kept.folder / "000000016.json")
    found, warnings = newest(kept)
    assert same(found, moment(8, 8 / 3))
    assert warnings == []


def test_where_all_are_damaged_there_is_nothing(kept):
    for path in kept.folder.glob("*.safetensors"):
        cut(path)
    found, warnings = newest(kept)
    assert found is None
    assert [warning.split()[2] for warning in warnings] == [
        str(kept.folder / f"0000000{done}.json") for done in ("16", "08")
    ]


def test_changed_facts_with_the_hash_of_the_tensors_are_noticed(kept):
    path = kept.folder / "000000016.json"
    stored = json.loads(path.read_text())
    stored["facts"]["done"] = 17
    path.write_text(json.dumps(stored))
    assert same(newest(kept)[0], moment(8, 8 / 3))


def test_moments_after_damaged_ones_are_kept_though_their_numbers_are_lower(kept):
    for path in kept.folder.glob("*.json"):
        cut(path)
    for done in (1, 2, 3):
        kept.save(moment(done))
        assert newest(kept)[0].facts["done"] == done
    assert names(kept.folder) == [f"{done:09}.{suffix}" for done in (2, 3) for suffix in ("json", "safetensors")]


def test_clearing_takes_the_folder_away(kept):
    kept.clear()
    assert not kept.folder.exists()
    kept.clear()


def test_one_is_due_when_the_time_has_passed_since_the_start_or_the_last_one(tmp_path, monkeypatch):
    checkpoints, start, passed = Checkpoints(tmp_path, every_seconds=60), time.monotonic(), 0
    monkeypatch.setattr(module.time, "monotonic", lambda: start + passed)
    assert not checkpoints.due()
    passed = 58
    assert not checkpoints.due()
    passed = 61
    assert checkpoints.due()
    checkpoints.save(moment(8))
    assert not checkpoints.due()
    passed = 61 + 60
    assert checkpoints.due()
    assert Checkpoints(tmp_path, every_seconds=0).due()


# A disk that does not take it.


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        Unavailable, match=r"a checkpoint must be written to .*file/kept: .*; make room there"
    ) as caught:
        Checkpoints(tmp_path / "file" / "kept").save(moment(8))
    assert "\n" not in str(caught.value)
    assert newest(Checkpoints(tmp_path / "file" / "kept")) == (None, [])


def test_a_folder_that_is_read_only_is_one_line(kept, read_only):
    read_only(kept.folder)
    with pytest.raises(Unavailable, match="Permission denied"):
        kept.save(moment(24))
    assert same(newest(kept)[0], moment(16, 16 / 3))


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_write_that_fails_at_any_point_leaves_a_whole_moment_and_nothing_half_written(
    kept, monkeypatch, call, fails_at
):
    calls = 0
    owner = {"fsync": os, "replace": Path}[call]
    really = getattr(owner, call)

    def fail(*given):
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(28, "No space left on device")
        return really(*given)

    with monkeypatch.context() as patch:
        patch.setattr(owner, call, fail)
        failed = False
        try:
            kept.save(moment(24))
        except Unavailable as error:
            failed = "No space left on device" in str(error)
    assert failed == (calls >= fails_at)
    found, warnings = newest(kept)
    assert found.facts["done"] in (16, 24)
    assert warnings == []
    assert not list(kept.folder.glob("*.new"))
    kept.save(moment(32))
    assert newest(kept)[0].facts["done"] == 32
    assert len(names(kept.folder)) == 4
