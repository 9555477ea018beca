import json
import lzma
from dataclasses import replace
from hashlib import sha256

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from rcnas_zoo.oracles import store
from rcnas_zoo.oracles.store import read_table, write_table
from rcnas_zoo.oracles.table import Table, TableTeacher
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, RcnasError
from tests.oracles.tables import formula_table, spec_of

FIELDS = ("format", "name", "dataset", "grid", "samples", "teachers", "provenance")
shares = st.floats(0, 1)
names = st.text(min_size=1, max_size=8)
column_names = st.sampled_from(["clean", "fgsm linf@1/5", "pgd-20 l2@1/2", "autoattack linf@8/255"])
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tables(draw) -> Table:
    table = formula_table(rows=draw(st.integers(1, 4)), seed=draw(st.integers(0, 3)))
    rows = len(table)

    def column(values, dtype):
        return torch.tensor(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=dtype)

    columns = draw(st.lists(column_names, max_size=3, unique=True))
    images = draw(st.integers(0, 17))
    bits = st.lists(st.booleans(), min_size=images, max_size=images)
    teacher = TableTeacher(
        spec_of("wrn-10-1"), {"clean": draw(shares)}, {"a": tuple(draw(st.lists(shares, min_size=7, max_size=7)))}
    )
    return replace(
        table,
        name=draw(names),
        accuracy={name: column(shares | st.just(float("nan")), torch.float64) for name in columns},
        samples=dict.fromkeys(columns, 7),
        margins={name: column(st.floats(-1, 1, width=32), torch.float32) for name in columns[:1]},
        verdicts={name: column(bits, torch.bool).reshape(rows, images) for name in columns[1:]},
        teachers={draw(names): teacher},
        provenance=draw(st.dictionaries(names, plain, max_size=3)),
    )


def assert_same(found: Table, table: Table) -> None:
    for name in ("name", "dataset", "grid", "samples", "teachers", "provenance"):
        ours, theirs = getattr(table, name), getattr(found, name)
        if name == "teachers":
            ours = {key: vars(teacher) for key, teacher in ours.items()}
            theirs = {key: vars(teacher) for key, teacher in theirs.items()}
        assert theirs == ours, name
    assert torch.equal(found.stages, table.stages)
    for name in ("accuracy", "margins", "verdicts"):
        ours, theirs = getattr(table, name), getattr(found, name)
        assert theirs.keys() == ours.keys()
        for key, values in ours.items():
            torch.testing.assert_close(theirs[key], values, rtol=0, atol=0, equal_nan=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tables())
def test_what_is_written_is_read_again_bit_by_bit(tmp_path, table):
    write_table(table, tmp_path / "t")
    assert_same(read_table(tmp_path / "t"), table)


def test_the_same_table_gives_the_same_bytes_whatever_the_order_of_its_columns(tmp_path):
    table = formula_table(5)
    turned = replace(table, accuracy=dict(reversed(list(table.accuracy.items()))))
    write_table(table, tmp_path / "a")
    write_table(turned, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_columns_may_be_views_of_one_matrix(tmp_path):
    matrix = torch.rand(5, 2, dtype=torch.float64)
    table = replace(formula_table(5), accuracy={"clean": matrix[:, 0], "fgsm linf@1/5": matrix[:, 1]})
    write_table(table, tmp_path / "t")
    assert_same(read_table(tmp_path / "t"), table)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "t.oracle.xz"
    write_table(formula_table(5), path)
    return path


def rewrite(path, tensors=None, header=None, sealed=True):
    """Replace what the file holds, and seal it again as its author would."""
    content = lzma.decompress(path.read_bytes())
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    tensors = load(content) if tensors is None else tensors
    facts = metadata["table"] if header is None else header
    digest = store._digest(tensors, facts) if sealed else metadata["digest"]
    path.write_bytes(lzma.compress(save(tensors, {"table": facts, "digest": digest})))


def facts_of(path):
    content = lzma.decompress(path.read_bytes())
    size = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["table"])


def tensors_of(path):
    return load(lzma.decompress(path.read_bytes()))


def test_no_file_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="an oracle must be a file"):
        read_table(tmp_path / "none")


def test_any_changed_or_missing_byte_is_noticed(written):
    content = written.read_bytes()
    for place in range(0, len(content), max(1, len(content) // 60)):
        written.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        with pytest.raises(IntegrityError):
            read_table(written)
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        written.write_bytes(content[:cut])
        with pytest.raises(IntegrityError):
            read_table(written)


def test_bytes_after_the_end_are_noticed(written):
    written.write_bytes(written.read_bytes() + b"more")
    with pytest.raises(IntegrityError, match="must end where its xz stream ends"):
        read_table(written)


def test_a_changed_number_under_an_intact_compression_is_noticed(written):
    tensors = tensors_of(written)
    tensors["accuracy/clean"][2] += 0.01
    rewrite(written, tensors, sealed=False)
    with pytest.raises(IntegrityError, match="must match its digest"):
        read_table(written)


def test_a_changed_header_is_noticed(written):
    facts = {**facts_of(written), "name": "better"}
    rewrite(written, header=json.dumps(facts), sealed=False)
    with pytest.raises(IntegrityError, match="must match its digest"):
        read_table(written)


def test_the_digest_is_of_header_and_tensors_alone(written):
    """A second source for the digest, so that files of today are readable tomorrow."""
    content = lzma.decompress(written.read_bytes())
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    expected = sha256(metadata["table"].encode())
    for name, tensor in sorted(load(content).items()):
        expected.update(f"{name} {tensor.dtype} {list(tensor.shape)} ".encode() + tensor.numpy().tobytes())
    assert metadata["digest"] == expected.hexdigest()


def test_a_file_that_is_not_xz_is_refused(tmp_path):
    (tmp_path / "t").write_bytes(b"stages,accuracy\n1,2\n")
    with pytest.raises(IntegrityError, match="must be compressed by xz"):
        read_table(tmp_path / "t")


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}", save({"a": torch.ones(2)})])
def test_xz_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "t").write_bytes(lzma.compress(content))
    with pytest.raises(InvalidInput, match="an oracle must be safetensors under xz"):
        read_table(tmp_path / "t")


def test_a_header_without_table_or_digest_is_refused(tmp_path):
    (tmp_path / "t").write_bytes(lzma.compress(save({"a": torch.ones(2)}, {"table": "{}"})))
    with pytest.raises(InvalidInput, match=r"with 'table' and 'digest', .* has \['table'\]"):
        read_table(tmp_path / "t")


def test_a_header_that_nests_very_deep_is_refused(tmp_path):
    header = b'{"__metadata__":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    (tmp_path / "t").write_bytes(lzma.compress(len(header).to_bytes(8, "little") + header))
    with pytest.raises(InvalidInput, match="an oracle must be safetensors under xz"):
        read_table(tmp_path / "t")


def test_a_small_file_that_unpacks_to_very_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "MOST_BYTES", 100_000)
    (tmp_path / "t").write_bytes(lzma.compress(bytes(5_000_000)))
    assert (tmp_path / "t").stat().st_size < 2_000
    with pytest.raises(IntegrityError, match="must hold at most 100000 bytes"):
        read_table(tmp_path / "t")


def test_another_format_is_refused(written):
    rewrite(written, header=json.dumps({**facts_of(written), "format": 2}))
    with pytest.raises(InvalidInput, match="an oracle must have format 1, got 2"):
        read_table(written)


@pytest.mark.parametrize("name", ["stages", "images/clean"])
def test_a_missing_tensor_is_refused_by_name(written, name):
    tensors = tensors_of(written)
    del tensors[name]
    rewrite(written, tensors)
    with pytest.raises(InvalidInput, match=f"must hold the tensor '{name}'"):
        read_table(written)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("stages", torch.ones(5, 3, dtype=torch.int16)),
        ("stages", torch.ones(5, 2, 4, dtype=torch.int16)),
        ("accuracy/clean", torch.ones(4, dtype=torch.float64)),
        ("margin/clean", torch.ones(5, 2)),
        ("verdicts/clean", torch.ones(4, 5, dtype=torch.uint8)),
        ("images/clean", torch.tensor([40])),
        ("images/clean", torch.tensor(400)),
    ],
)
def test_tensors_that_do_not_fit_one_another_are_refused(written, name, tensor):
    rewrite(written, {**tensors_of(written), name: tensor})
    with pytest.raises(InvalidInput, match=r"the tensor '(verdicts/clean|" + name + ")' of an oracle must"):
        read_table(written)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float64])
def test_a_tensor_that_means_nothing_is_refused_by_name_whatever_its_type(written, dtype):
    rewrite(written, {**tensors_of(written), "extra": torch.ones(3).to(dtype)})
    with pytest.raises(
        InvalidInput, match=r"a tensor of an oracle must be stages or one of accuracy/\*.*, got 'extra'"
    ):
        read_table(written)


@pytest.mark.parametrize("column", ["pgd-20", "pgd linf@1/5", "clean linf@1/5", "fgsm linf@0.2", "fgsm  linf@1/5"])
def test_a_column_that_no_attack_has_is_refused(written, column):
    rewrite(written, {**tensors_of(written), f"accuracy/{column}": torch.zeros(5, dtype=torch.float64)})
    with pytest.raises(InvalidInput, match=f"a column of an oracle must be clean, or attack and threat .*{column}"):
        read_table(written)


@pytest.mark.parametrize("bad", [5.0, -0.1, float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["accuracy/clean", "margin/clean"])
def test_a_number_outside_its_range_is_refused(written, name, bad):
    tensors = tensors_of(written)
    tensors[name][3] = bad if name == "accuracy/clean" else 20 * bad
    rewrite(written, tensors)
    with pytest.raises(InvalidInput, match=rf"the numbers of '{name}' in an oracle must be in \[-?[01], 1\], got"):
        read_table(written)


@pytest.mark.parametrize("bit", [7, -1])
def test_a_robust_bit_that_is_none_is_refused(written, bit):
    tensors = tensors_of(written)
    tensors["stages"][2, 1, 3] = bit
    rewrite(written, tensors)
    with pytest.raises(
        InvalidInput, match=rf"the numbers of 'robust bits' in an oracle must be in \[0, 1\], got {bit}"
    ):
        read_table(written)


def test_a_table_without_networks_is_refused(written):
    rewrite(written, {name: tensor[:0] if tensor.dim() else tensor for name, tensor in tensors_of(written).items()})
    with pytest.raises(InvalidInput, match="the networks of an oracle must be at least 1, got 0"):
        read_table(written)


def test_a_column_without_its_number_of_images_is_refused(written):
    rewrite(written, header=json.dumps({**facts_of(written), "samples": {"clean": 1000}}))
    with pytest.raises(InvalidInput, match=r"the samples of an oracle must have the field '(fgsm|pgd-20) linf@"):
        read_table(written)


def test_lipschitz_statistics_that_are_not_seven_are_refused(written):
    facts = facts_of(written)
    facts["teachers"]["wrn-10-1"]["lips"]["fgsm linf@1/5"] = [1.0]
    rewrite(written, header=json.dumps(facts))
    with pytest.raises(InvalidInput, match="the Lipschitz statistics of a teacher of an oracle must have 7 elements"):
        read_table(written)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=st.sampled_from(FIELDS), value=plain)
def test_a_header_of_any_other_content_is_refused_in_our_words_or_read(written, field, value):
    before = written.read_bytes()
    try:
        rewrite(written, header=json.dumps({**facts_of(written), field: value}))
        read_table(written)
    except RcnasError:
        pass
    finally:
        written.write_bytes(before)
