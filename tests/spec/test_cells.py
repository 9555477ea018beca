import json
from hashlib import sha256

import pytest
from hypothesis import given

from rcnas_zoo.spec.cells import OPERATIONS, CellPlan, CellSpec, EdgeSpec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec

from .refusals import checked, refusal
from .strategies import CELL_SPECS, CELLS, damaged

DIGITS = InputSpec((1, 8, 8))
NORMAL = CellPlan(((EdgeSpec("sep_conv_3x3", 0), EdgeSpec("skip_connect", 0)), (EdgeSpec("dil_conv_5x5", 2),)))
REDUCTION = CellPlan(((EdgeSpec("max_pool_3x3", 1),),))
SPEC = CellSpec(
    InputSpec((3, 28, 28), -1.0, 1.0), 7, NORMAL, REDUCTION, 12, 5, stem_multiplier=2, stem_stride=2, affine=False
)


def test_the_text_of_a_spec_never_changes():
    assert SPEC.to_json() == (
        '{"affine":false,"channels":12,"classes":7,"format":1,'
        '"input":{"kind":"image","range":[-1.0,1.0],"shape":[3,28,28]},"kind":"cells","layers":5,'
        '"normal":[[["sep_conv_3x3",0],["skip_connect",0]],[["dil_conv_5x5",2]]],'
        '"reduction":[[["max_pool_3x3",1]]],"stem_multiplier":2,"stem_stride":2}'
    )


@pytest.mark.parametrize(
    ("spec", "digest"),
    [
        (SPEC, "59908d5f19fa1e0c4e9461c281f7b8740f52714066219c9901ed36be1783fffb"),
        (
            CellSpec(DIGITS, 10, NORMAL, NORMAL, 16, 20),
            "a4726a581cd238c180bbcd27d73c49c970a08b24027f9b8ab3853c1fce29fb76",
        ),
    ],
)
def test_the_digest_of_a_spec_never_changes(spec, digest):
    assert spec.digest == digest
    assert sha256(spec.to_json().encode()).hexdigest() == digest


@given(CELL_SPECS)
def test_the_body_of_a_spec_makes_the_spec_again(spec):
    assert CellSpec.from_body(spec.input, spec.classes, spec.body()) == spec


@given(CELLS)
def test_a_cell_written_out_reads_back_equal(cell):
    assert CellPlan.from_data(json.loads(json.dumps(cell.to_data()))) == cell


@given(damaged(SPEC.to_dict()).map(json.dumps))
def test_any_damaged_text_is_a_spec_or_is_refused(text):
    try:
        spec = NetworkSpec.from_json(text)
    except InvalidInput as error:
        checked(error)
    else:
        assert NetworkSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(("layers", "reductions"), [(1, {0}), (2, {0, 1}), (3, {1, 2}), (20, {6, 13}), (33, {11, 22})])
def test_the_cells_at_the_thirds_reduce(layers, reductions):
    assert CellSpec(DIGITS, 10, NORMAL, REDUCTION, 8, layers).reductions == reductions


def test_the_order_of_operations_is_that_of_darts():
    assert (
        *("none", "max_pool_3x3", "avg_pool_3x3", "skip_connect"),
        *("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"),
    ) == OPERATIONS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": 1}, "the number of classes must be at least 2"),
        ({"channels": 1}, "the channels of a cell network must be at least 2 and at most 4096, got 1"),
        ({"layers": 0}, "the layers of a cell network must be at least 1 and at most 1024, got 0"),
        ({"layers": "5"}, "the layers of a cell network must be a whole number, got '5'"),
        ({"stem_multiplier": 17}, "the stem multiplier must be at least 1 and at most 16, got 17"),
        ({"stem_stride": 3}, "the stem stride must be at least 1 and at most 2, got 3"),
        ({"affine": 1}, "affine must be true or false, got 1"),
    ],
)
def test_a_spec_outside_its_range_is_refused(fields, message):
    valid = {"input": DIGITS, "classes": 10, "normal": NORMAL, "reduction": REDUCTION, "channels": 8, "layers": 5}
    assert refusal(CellSpec, **{**valid, **fields}).startswith(message)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ({}, "a cell must be a list, got {}"),
        ([], "a cell must have 1 to 16 nodes, got 0"),
        ([[["none", 0]]] * 17, "a cell must have 1 to 16 nodes, got 17"),
        ([[]], "a node of a cell must have 1 to 64 edges, got 0"),
        ([[["none", 0]] * 65], "a node of a cell must have 1 to 64 edges, got 65"),
        (["none"], "a node of a cell must be a list, got 'none'"),
        ([["none", 0]], "an edge must be a list, got 'none'"),
        ([[["none", 0, 0]]], "an edge must have 2 elements, got ['none', 0, 0]"),
        ([[["sep_conv", 0]]], "the operation of an edge must be one of none, .*"),
        ([[[["none"], 0]]], "the operation of an edge must be one of none"),
        ([[["none", True]]], "the source of an edge must be a whole number, got True"),
        ([[["none", -1]]], "the source of an edge must be at least 0"),
        ([[["none", 17]]], "the source of an edge must be at least 0 and at most 16, got 17"),
        ([[["none", 2]]], "the source of an edge to node 0 must be at least 0 and at most 1, got 2"),
    ],
)
def test_a_malformed_cell_is_refused(cell, message):
    assert refusal(CellPlan.from_data, cell).startswith(message.removesuffix(".*"))


def test_a_cell_may_use_its_latest_node_and_no_later_one():
    assert CellPlan.from_data([[["none", 1]], [["none", 2]]]).nodes[1][0].source == 2
    assert "to node 1 must be at least 0 and at most 2, got 3" in refusal(
        CellPlan.from_data, [[["none", 1]], [["none", 3]]]
    )


def test_unknown_and_missing_fields_are_refused():
    body = SPEC.body()
    assert "has no field 'chanels' (did you mean 'channels'?)" in refusal(
        CellSpec.from_body, DIGITS, 10, {**body, "chanels": 3}
    )
    del body["affine"]
    assert "a cell spec must have the field 'affine'" in refusal(CellSpec.from_body, DIGITS, 10, body)


def test_cells_given_as_lists_make_the_same_hashable_spec():
    cell = CellPlan([list(node) for node in NORMAL.nodes])
    again = CellSpec(SPEC.input, 7, cell, REDUCTION, 12, 5, stem_multiplier=2, stem_stride=2, affine=False)
    assert cell == NORMAL
    assert (again, hash(again)) == (SPEC, hash(SPEC))
