import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import architecture_names, named_spec
from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.paper.table import HOURS
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec

# Added up from the text of the paper by another program than the one that wrote the tables: the columns of each table,
# data set after data set, and in front of them the columns of parameters and of FLOPs.
SUMS = {
    "table-1": (2127.70, 417.66, 1888.47, 1272.66, 1221.05, 1190.10, 1290.79, 703.85, 615.73, 601.58),
    "table-2": (241.44, 240.02, 240.57, 239.65),
    "table-3": (112.08, 115.81, 116.78, 111.12, 116.18),
    "table-4": (13.8, 22.1, 34.5),
    "table-5": (1632.40, 302.92, 446.35, 215.83, 277.67, 212.20),
    "table-6": (531.37, 209.95, 274.76, 300.17),
    "table-7": (186.55, 83.80, 116.09, 107.20),
    "table-9": (1170.84, 777.80, 776.85, 701.47, 842.33, 448.69, 400.70, 329.78),
    "table-10": (338.04, 220.07, 234.87, 197.82, 246.93, 141.43, 117.14, 106.05),
}
DEVIATIONS = {
    "table-1": 29.86,
    "table-2": 3.66,
    "table-3": 1.88,
    "table-4": 0,
    "table-5": 5.23,
    "table-6": 22.33,
    "table-7": 2.47,
    "table-9": 20.17,
    "table-10": 6.72,
}
TABLES = [load_table(name) for name in table_names()]


def test_the_tables_with_results_are_there():
    assert table_names() == [f"table-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10)]
    assert [table.table for table in TABLES] == table_names()
    with pytest.raises(InvalidInput, match=r"a table of the paper must be one of table-1, .*got 'table-8'"):
        load_table("table-8")


@pytest.mark.parametrize("table", TABLES, ids=table_names())
def test_the_columns_add_up_to_what_is_printed(table):
    costs = [[getattr(row, name) for row in table.rows] for name in ("parameters", "macs")]
    columns = [column for column in costs if None not in column]
    for dataset in table.rows[0].claims:
        columns += zip(*(row.claims[dataset] for row in table.rows), strict=True)
    assert [round(sum(figure.value for figure in column), 2) for column in columns] == list(SUMS[table.table])
    deviations = [figure.deviation or 0 for entry in table.entries for figure in entry.claims]
    assert round(sum(deviations), 2) == DEVIATIONS[table.table]


def test_what_stands_in_several_tables_is_the_same_in_each():
    found = {}
    for table in TABLES:
        for entry in table.entries:
            for column, figure in zip(entry.columns, entry.claims, strict=True):
                what = (entry.row.method, entry.row.network, entry.row.without, entry.dataset, column.attack)
                if table.unit != HOURS and entry.row.method in ("rc-nas", "robustresnet"):
                    found.setdefault((*what, column.threat), set()).add(str(figure))
    # Of 4 budgets on CIFAR and 2 on Tiny-ImageNet, 6 ablations, 12 more radii and attacks, and the RobustResNets.
    assert len(found) > 80
    assert [what for what, figures in found.items() if len(figures) > 1] == []


def test_printed_costs_are_those_of_the_networks():
    checked = 0
    for table in TABLES:
        for row in table.rows:
            if row.macs is None or row.parameters is None or row.network not in architecture_names():
                continue
            if row.method in ("rc-nas", "r-nas"):
                continue
            facts = DATASETS[next(iter(row.claims))]
            price = cost(named_spec(row.network, InputSpec(facts.shape), facts.classes))
            assert row.parameters.value == pytest.approx(price.parameters / 1e6, rel=0.01)
            # On Tiny-ImageNet the paper prints more for WRN-46-14 than for the same network elsewhere.
            assert row.macs.value == pytest.approx(price.macs / 1e9, rel=0.07 if row.macs.printed == "19.8" else 0.02)
            checked += 1
    assert checked == 9 + 4
