from dataclasses import replace

import pytest
import torch

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.table import Table, column_name, stage_numbers
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import StageSpec
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import distinct_specs, formula_accuracy, formula_table

THREAT = ThreatModel.parse("linf@1/5")


@pytest.fixture(scope="module")
def table() -> Table:
    return formula_table(rows=25)


def distance(one, other) -> float:
    """By a plain loop: doublings of width, blocks of depth, strides and kinds of block."""
    total = 0.0
    for a, b in zip(one.stages, other.stages, strict=True):
        doublings = torch.tensor(a.width / b.width, dtype=torch.float64).log2().item()
        total += doublings**2 + (a.depth - b.depth) ** 2 + (a.stride - b.stride) ** 2 + (a.block != b.block)
    return total


def test_networks_and_costs_are_those_the_table_was_made_of(table):
    specs = distinct_specs(25, seed=0)
    assert list(table.specs) == specs
    assert [price.macs for price in table.costs] == table.macs.tolist() == [cost(spec).macs for spec in specs]
    assert len(table) == 25


def test_a_column_is_an_attack_with_its_threat_and_clean_has_none(table):
    expected = [formula_accuracy(spec, 1.0) for spec in table.specs]
    assert table.column("pgd-20", THREAT).tolist() == expected
    assert table.column("clean", THREAT).tolist() == [formula_accuracy(spec, 0.0) for spec in table.specs]
    assert column_name("clean", THREAT) == "clean"
    assert column_name("pgd-20", THREAT) == "pgd-20 linf@1/5"


def test_a_column_that_is_not_there_is_refused_with_those_that_are(table):
    with pytest.raises(InvalidInput, match=r"an attack of the oracle formula must be one of clean, fgsm .*'pgd"):
        table.column("pgd-20", ThreatModel.parse("linf@1/4"))


def test_a_column_with_gaps_is_refused_with_their_number(table):
    gaps = table.column("fgsm", THREAT).clone()
    gaps[3:] = torch.nan
    partly = replace(table, accuracy={**table.accuracy, "autoattack linf@1/5": gaps})
    with pytest.raises(InvalidInput, match="has 'autoattack linf@1/5' for 3 of 25"):
        partly.column("autoattack", THREAT)


def test_the_nearest_row_is_the_one_of_least_distance_the_first_of_equals(table):
    for spec in distinct_specs(40, seed=7):
        distances = [distance(spec, row) for row in table.specs]
        found = table.row_of(spec)
        assert distances[found] == pytest.approx(min(distances), abs=1e-9)
        assert all(one > distances[found] - 1e-9 for one in distances[:found])
    assert [table.row_of(spec) for spec in table.specs] == list(range(25))


def test_equals_are_answered_by_the_first_of_them(table):
    basic = StageSpec(1, 32)
    twins = [(replace(basic, width=width), basic, basic) for width in (16, 64)]
    small = replace(table, stages=stage_numbers(twins))
    asked = replace(table.grid, stages=(basic, basic, basic))
    assert small.row_of(asked) == 0
    assert replace(small, stages=small.stages.flip(0)).row_of(asked) == 0


def test_a_network_with_another_number_of_stages_is_refused(table):
    with pytest.raises(InvalidInput, match="must have 3 stages, got 2"):
        table.row_of(replace(table.grid, stages=table.grid.stages[:2]))


def test_some_rows_make_a_table_too(table):
    some = table.select([4, 1], name="some")
    assert (some.name, len(some)) == ("some", 2)
    assert some.specs == (table.specs[4], table.specs[1])
    for kind in ("accuracy", "margins", "verdicts"):
        whole, part = getattr(table, kind), getattr(some, kind)
        assert whole.keys() == part.keys()
        assert all(torch.equal(part[key], torch.stack([whole[key][4], whole[key][1]])) for key in whole)
    assert table.select([0]).name == "formula"
