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
# Clean, PGD-20, CW-40, AutoAttack on CIFAR-10, then on CIFAR-100, as the README of zhichao-lu/robust-residual-network
# has them for networks trained by TRADES (commit 0d605edb).
ELSEWHERE = {
    "wrn-28-10": (84.62, 55.90, 53.15, 51.66, 56.30, 29.91, 26.22, 25.26),
    "robnet-large-v2": (84.57, 52.79, 48.94, 47.48, 55.27, 29.23, 24.63, 23.69),
    "advrush-7@96": (84.95, 56.99, 53.27, 52.90, 56.40, 30.40, 26.16, 25.27),
    "racl-7@104": (83.91, 55.98, 53.22, 51.37, 56.09, 30.38, 26.65, 25.65),
    "robustresnet-a1": (85.46, 58.47, 55.72, 54.42, 59.34, 32.70, 27.76, 26.75),
    "wrn-34-12": (84.93, 56.01, 53.53, 51.97, 56.08, 29.87, 26.51, 25.47),
    "wrn-34-r": (85.80, 57.35, 54.77, 53.23, 58.78, 31.17, 27.33, 26.31),
    "robustresnet-a2": (85.80, 59.72, 56.74, 55.49, 59.38, 33.00, 28.71, 27.68),
    "wrn-46-14": (85.22, 56.37, 54.19, 52.63, 56.78, 30.03, 27.27, 26.28),
    "robustresnet-a3": (86.79, 60.10, 57.29, 55.84, 60.16, 33.59, 29.58, 28.48),
    "wrn-70-16": (85.51, 56.78, 54.52, 52.80, 56.93, 29.76, 27.20, 26.12),
    "robustresnet-a4": (87.10, 60.26, 57.90, 56.29, 61.66, 34.25, 30.04, 29.00),
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


def test_rows_that_were_published_before_are_as_they_were_published_but_for_one_figure():
    other = []
    for name, published in ELSEWHERE.items():
        claims = load_table("table-1").find(name).claims
        figures = [figure.value for dataset in ("cifar10", "cifar100") for figure in claims[dataset]]
        other += [(name, here, there) for here, there in zip(figures, published, strict=True) if here != there]
    assert 8 * len(ELSEWHERE) == 96
    assert other == [("robustresnet-a1", 58.74, 58.47)]
