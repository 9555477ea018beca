from fractions import Fraction

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.paper.table import Column
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.budgets import check_budget
from rcnas_zoo.workflows.scales import SCALES, USUAL_ATTACKS, asked_for, scale_of

TINY, PAPER = SCALES["tiny"], SCALES["paper"]


@pytest.mark.parametrize(
    ("printed", "tiny"), [("4/255", "1/10"), ("8/255", "1/5"), ("12/255", "3/10"), ("16/255", "2/5")]
)
def test_a_radius_keeps_its_ratio_to_the_usual_one(printed, tiny):
    column = Column("PGD", "pgd-20", f"linf@{printed}")
    assert PAPER.threat_for(column) == ThreatModel("linf", Fraction(printed))
    assert TINY.threat_for(column) == ThreatModel("linf", Fraction(tiny))


def test_a_table_asks_the_same_of_every_row_on_the_same_images():
    asked = asked_for(load_table("table-1"), TINY)
    assert (list(map(str, asked.threats)), asked.attacks, asked.samples) == (["linf@1/5"], USUAL_ATTACKS, 64)
    radii = asked_for(load_table("table-2"), PAPER)
    assert (len(radii.threats), radii.attacks, radii.samples) == (4, ("pgd-20",), 0)
    assert asked_for(load_table("table-3"), PAPER).attacks == ("autoattack", "hopskipjump", "naa", "a3-search", "a3")


def test_a_table_of_times_shares_its_question_with_the_first_one():
    for scale in SCALES.values():
        assert asked_for(load_table("table-4"), scale) == asked_for(load_table("table-1"), scale)


def test_every_group_of_the_paper_has_a_twin_that_binds_and_grows():
    budgets = dict.fromkeys(row.budget for name in table_names() for row in load_table(name).rows)
    assert set(budgets) == set(TINY.groups)
    prices = []
    for group in TINY.groups.values():
        teacher = named_spec(group.teacher, InputSpec((1, 8, 8)))
        assert check_budget(Budget.parse(group.budget), teacher) == ""
        prices.append(cost(teacher).macs)
    assert prices == sorted(prices)


def test_an_unknown_scale_is_refused():
    assert scale_of("tiny") is TINY
    with pytest.raises(InvalidInput, match="a scale must be one of tiny, paper, got 'small'"):
        scale_of("small")
