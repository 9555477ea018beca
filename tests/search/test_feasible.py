from collections import Counter

import pytest
import torch

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.spec.errors import InvalidInput
from tests.oracles.tables import formula_table


def test_draws_are_uniform_over_the_affordable_rows_of_a_table():
    table = formula_table(rows=12)
    budget = int(table.macs.median())
    feasible, generator = Feasible.within(TabulatedSpace.on(table), budget), torch.Generator().manual_seed(0)
    counts = Counter(feasible.draw(generator, Ledger()) for _ in range(600))
    assert set(counts) == {spec for spec in table.specs if cost(spec).macs <= budget}
    assert len(counts) == 6
    # 100 each, standard deviation 9.
    assert all(60 < count < 140 for count in counts.values())


def test_visited_networks_come_again_only_when_nothing_else_is_left():
    table = formula_table(rows=5)
    feasible, generator = Feasible.within(TabulatedSpace.on(table), 10**9), torch.Generator().manual_seed(0)
    ledger = Ledger()
    found = [ledger.add(feasible.draw(generator, ledger)).spec for _ in range(7)]
    assert set(found[:5]) == set(table.specs)
    assert set(found[5:]) <= set(table.specs)


def test_what_costs_as_much_as_the_budget_is_in_and_more_is_out(space):
    budget = cost(space.smallest()).macs
    feasible, ledger = Feasible.within(space, budget), Ledger()
    assert feasible.smallest in feasible
    assert space.teacher not in feasible
    assert feasible.is_new(feasible.smallest, ledger)
    ledger.add(feasible.smallest)
    assert not feasible.is_new(feasible.smallest, ledger)
    with pytest.raises(InvalidInput, match="a budget must be at least"):
        Feasible.within(space, budget - 1)
