"""A small file of the schema of NARes, made here: a few networks with figures that a reader can work out."""

import copy
import io
import json
import tarfile
from itertools import product

import pytest
import torch

from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.oracles.nares import DEPTHS, FACTORS, read_nares
from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.oracles.store import read_table, write_table
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Proposal
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

EPOCHS = 4
RADIUS = ThreatModel.parse("linf@8/255")


def record(number, depths, factors):
    """Epoch e of network n has n + e percent, shifted by the attack; the best epoch is the second."""
    names = [f"{kind}{stage}" for stage in (1, 2, 3) for kind in "DW"]
    values = [value for pair in zip(depths, factors, strict=True) for value in pair]
    curves = {"val_acc": 70, "pgd": 30, "cw": 20, "train_acc": 80, "pgd_lip": 1}
    return {
        "arch_id": number,
        "arch": dict(zip(names, values, strict=True)),
        "MACs": 1.5,
        "Params": 2.5,
        "train": [
            {
                "seed": 0,
                "timestamp": "2022-01-02",
                "best_epoch": 1,
                **{name: [shift + number + epoch for epoch in range(EPOCHS)] for name, shift in curves.items()},
            }
        ],
        "test_best": [
            {
                "test_clean_acc": 85 + number / 10,
                "Linf_fgsm_acc": 60 + number / 10,
                "Linf_pgd_acc": 55 + number / 10,
                "Linf_cw_acc": 53 + number / 10,
                "Linf_aa_acc": 51 + number / 10,
                "corruptions": {},
            }
        ],
    }


ARCHITECTURES = [
    ((4, 4, 4), (10, 10, 10)),
    ((5, 7, 4), (8, 12, 16)),
    ((11, 11, 11), (16, 16, 16)),
    ((9, 4, 5), (14, 8, 8)),
]
RECORDS = [record(number, *each) for number, each in enumerate(ARCHITECTURES)]


def pack(path, records, name="cifar10.jsonl"):
    content = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in records)
    with tarfile.open(path, "w:xz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def file(tmp_path):
    return pack(tmp_path / "nares.txz", RECORDS)


def test_the_networks_are_wide_resnets_by_their_depths_and_widening_factors(file):
    table = read_nares(file)
    assert (len(table), table.dataset) == (4, "cifar10")
    assert table.specs[0] == named_spec("wrn-28-10")
    assert table.specs[2] == table.grid == named_spec("wrn-70-16")
    assert table.stages[1].tolist() == [[5, 128, 1, 0], [7, 384, 2, 0], [4, 1024, 2, 0]]


def test_validation_figures_are_those_of_the_best_epoch(file):
    table = read_nares(file)
    assert set(table.accuracy) == {"clean", "pgd-20 linf@8/255", "cw-40 linf@8/255"}
    assert table.column("clean", RADIUS).tolist() == pytest.approx([0.71, 0.72, 0.73, 0.74])
    assert table.column("pgd-20", RADIUS).tolist() == pytest.approx([0.31, 0.32, 0.33, 0.34])
    assert table.column("cw-40", RADIUS).tolist() == pytest.approx([0.21, 0.22, 0.23, 0.24])
    assert set(table.samples.values()) == {2000}


def test_test_figures_are_read_on_request_alone(file):
    table = read_nares(file, "test")
    shifts = {"clean": 0.85, "fgsm": 0.60, "pgd-20": 0.55, "cw-40": 0.53, "autoattack": 0.51}
    for attack, shift in shifts.items():
        wanted = [shift + number / 1000 for number in range(4)]
        assert table.column(attack, RADIUS).tolist() == pytest.approx(wanted)
    assert (len(table.accuracy), set(table.samples.values())) == (5, {10_000})
    with pytest.raises(InvalidInput, match="a split of NARes must be one of validation, test, got 'train'"):
        read_nares(file, "train")


def test_every_uniform_network_is_a_teacher(file):
    teachers = read_nares(file).teachers
    assert set(teachers) == {"wrn-28-10", "wrn-70-16"}
    assert teachers["wrn-28-10"].spec == named_spec("wrn-28-10")
    assert teachers["wrn-70-16"].accuracy["pgd-20 linf@8/255"] == pytest.approx(0.33)


def test_a_network_can_be_searched_in_it(file):
    table = read_nares(file)
    problem = problem_on(table, Task.parse("cifar10/pgd-20/wrn-70-16/20g"), RADIUS)
    assert problem.teacher.accuracy == pytest.approx(0.33)
    (outcome,) = ReplayEvaluator(table).evaluate(problem, [Proposal(0, named_spec("wrn-28-10"))], Silent())
    assert outcome.accuracy == pytest.approx(0.31)
    assert outcome.macs == pytest.approx(5.24e9, rel=0.01)


def test_it_can_be_stored_like_any_table(file, tmp_path):
    table = read_nares(file)
    write_table(table, tmp_path / "kept.oracle.xz")
    kept = read_table(tmp_path / "kept.oracle.xz")
    assert kept.stages.equal(table.stages)
    assert kept.provenance == table.provenance
    assert len(kept.provenance["sha256"]) == 64
    assert all(kept.accuracy[name].equal(values) for name, values in table.accuracy.items())


def test_the_unpacked_file_gives_the_same_table(file, tmp_path):
    (tmp_path / "cifar10.jsonl").write_text("\n".join(json.dumps(each) for each in RECORDS) + "\n")
    plain, packed = read_nares(tmp_path / "cifar10.jsonl"), read_nares(file)
    assert plain.stages.equal(packed.stages)
    assert all(plain.accuracy[name].equal(values) for name, values in packed.accuracy.items())


def test_an_attack_that_some_network_lacks_is_not_known_there_and_cannot_be_searched_for(tmp_path):
    records = copy.deepcopy(RECORDS)
    del records[0]["test_best"][0]["Linf_aa_acc"]
    records[1]["test_best"][0]["Linf_aa_acc"] = None
    table = read_nares(pack(tmp_path / "nares.txz", records), "test")
    assert table.accuracy["autoattack linf@8/255"].isnan().tolist() == [True, True, False, False]
    assert "autoattack linf@8/255" not in table.teachers["wrn-28-10"].accuracy
    with pytest.raises(InvalidInput, match="for 2 of 4"):
        table.column("autoattack", RADIUS)


def at(data, path):
    for key in path:
        data = data[key]
    return data


MISSING = [
    (("arch",), "line 2 of nares.txz must have the field 'arch'"),
    (("train",), "line 2 of nares.txz must have the field 'train'"),
    (("test_best",), "line 2 of nares.txz must have the field 'test_best'"),
    (("arch", "W2"), "arch in line 2 of nares.txz must have the field 'W2'"),
    (("train", 0, "best_epoch"), "train in line 2 of nares.txz must have the field 'best_epoch'"),
    (("train", 0, "pgd"), "train in line 2 of nares.txz must have the field 'pgd'"),
]


@pytest.mark.parametrize(("path", "message"), MISSING)
def test_what_is_missing_is_named(path, message, tmp_path):
    records = copy.deepcopy(RECORDS)
    del at(records[1], path[:-1])[path[-1]]
    with pytest.raises(InvalidInput, match=message):
        read_nares(pack(tmp_path / "nares.txz", records))


WRONG = [
    (("arch", "D1"), 6, "D1 in line 2 of nares.txz must be one of 4, 5, 7, 9, 11, got 6"),
    (("arch", "W3"), 20, "W3 in line 2 of nares.txz must be at least 8 and at most 16, got 20"),
    (("arch", "W3"), "8", "W3 in line 2 of nares.txz must be a whole number, got '8'"),
    (("train",), [], r"train in line 2 of nares.txz must have 1 elements, got \[\]"),
    (("train", 0, "pgd"), [30.0], "pgd in line 2 of nares.txz must reach the best epoch, 1, got 1 epochs"),
    (("train", 0, "best_epoch"), -1, "best_epoch in line 2 of nares.txz must be at least 0, got -1"),
    (("train", 0, "cw"), [1, 101, 1], r"cw in line 2 of nares.txz must be a finite number in \[0, 100\], got 101"),
    (("train", 0, "cw"), [1, float("nan"), 1], r"cw in line 2 of nares.txz must be a finite number"),
    (("train", 0, "cw"), [1, True, 1], "cw in line 2 of nares.txz must be a number, got True"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_what_is_wrong_is_named(path, value, message, tmp_path):
    records = copy.deepcopy(RECORDS)
    at(records[1], path[:-1])[path[-1]] = value
    with pytest.raises(InvalidInput, match=message):
        read_nares(pack(tmp_path / "nares.txz", records))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b"{"], "line 1 of nares.txz must be a JSON object"),
        ([b"[1]"], r"line 1 of nares.txz must be a JSON object, got \[1\]"),
        ([b"[" * 100_000], "line 1 of nares.txz must be a JSON object"),
        ([b"\xff\xfe"], "line 1 of nares.txz must be a JSON object"),
        ([], "must have a network a line"),
        ([RECORDS[0], RECORDS[1], RECORDS[0]], "must stand once, that of line 3 stands twice"),
    ],
)
def test_lines_that_are_no_network_are_refused(lines, message, tmp_path):
    with pytest.raises(InvalidInput, match=message):
        read_nares(pack(tmp_path / "nares.txz", lines))


def test_a_column_that_no_network_has_is_named(tmp_path):
    records = copy.deepcopy(RECORDS)
    for each in records:
        del each["test_best"][0]["Linf_cw_acc"]
    with pytest.raises(InvalidInput, match="must have the field 'Linf_cw_acc' for some network"):
        read_nares(pack(tmp_path / "nares.txz", records), "test")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"must hold a file cifar10.jsonl, it has other.jsonl"):
        read_nares(pack(tmp_path / "nares.txz", RECORDS, "other.jsonl"))
    with pytest.raises(NotFound, match="there is none at"):
        read_nares(tmp_path / "none.txz")
    (tmp_path / "broken.txz").write_bytes(b"broken")
    with pytest.raises(IntegrityError, match="must be a whole tar file under xz"):
        read_nares(tmp_path / "broken.txz")


def test_a_searcher_visits_rows_of_it(tmp_path):
    shapes = list(product(product(DEPTHS[:2], repeat=3), product(FACTORS[:2], repeat=3)))
    records = [record(number % 20, *shape) for number, shape in enumerate(shapes)]
    table = read_nares(pack(tmp_path / "nares.txz", records))
    assert len(table) == 64
    problem = problem_on(table, Task.parse("cifar10/pgd-20/wrn-34-10/5g"), RADIUS)
    searcher = RandomSearcher(TabulatedSpace.on(table), problem.budget, seed=0)
    found = run_searcher(searcher, problem, ReplayEvaluator(table), 10, 1, Silent())
    rows = [table.specs.index(visit.proposal.spec) for visit in found.visits]
    column = table.column("pgd-20", RADIUS)
    assert torch.tensor([visit.outcome.accuracy for visit in found.visits], dtype=torch.float64).equal(column[rows])
    assert all(visit.outcome.macs <= problem.budget for visit in found.visits)
