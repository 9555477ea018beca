import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.paper.figure import Figure
from rcnas_zoo.paper.table import Table
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

ROW = {
    "row": "rc-nas-5g",
    "printed": "RC-NAS",
    "method": "rc-nas",
    "network": "wrn-28-10",
    "budget": "5g",
    "parameters": "18.8",
    "macs": "4.98",
    "claims": {"cifar10": ["86.32±0.08", "60.48±0.12"], "cifar100": ["62.33±0.19", "34.9±0.15"]},
}
TABLE = {
    "format": 1,
    "table": "table-1",
    "title": "Networks",
    "unit": "percent",
    "columns": [
        {"printed": "Clean", "attack": "clean", "threat": "linf@8/255"},
        {"printed": "PGD", "attack": "pgd-20", "threat": "linf@8/255"},
    ],
    "rows": [ROW, {**ROW, "row": "trades-5g", "method": "trades", "claims": {"cifar10": ["1", "2"]}}],
}


def changed(path, value):
    """The table with one place changed; a place is named by keys from the outside in."""
    data = copy.deepcopy(TABLE)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def test_entries_are_rows_on_data_sets():
    table = Table.from_dict(TABLE)
    assert [(entry.row.row, entry.dataset) for entry in table.entries] == [
        ("rc-nas-5g", "cifar10"),
        ("rc-nas-5g", "cifar100"),
        ("trades-5g", "cifar10"),
    ]
    entry = table.entries[1]
    assert entry.claims == (Figure("62.33±0.19"), Figure("34.9±0.15"))
    assert entry.accuracies() == {ThreatModel.parse("linf@8/255"): {"clean": 0.6233, "pgd-20": 0.349}}
    assert (entry.row.parameters, entry.row.macs) == (Figure("18.8"), Figure("4.98"))


def test_a_row_is_found_by_its_name():
    table = Table.from_dict(TABLE)
    assert table.find("trades-5g") is table.rows[1]
    with pytest.raises(InvalidInput, match=r"a row of table-1 must be one of .*did you mean 'rc-nas-5g'"):
        table.find("rcnas-5g")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["format"], 2, "format of a table"),
        (["table"], "table", "must be called table-N"),
        (["unit"], "hours", "columns of a table in hours"),
        (["columns", 0, "attack"], "pgd", "must name its steps"),
        (["columns", 0, "threat"], "8", "radius of a threat"),
        (["columns", 0, "attak"], "clean", "did you mean 'attack'"),
        (["rows", 1, "row"], "rc-nas-5g", "names of their own"),
        (["rows", 1, "row"], "../up", "row of a row must be a name"),
        (["rows", 1, "method"], "rcnas", "the method of a row must be one of"),
        (["rows", 1, "budget"], "5", "budget must be a number of MACs"),
        (["rows", 1, "macs"], 4.98, "figure must be printed"),
        (["rows", 1, "without"], "luck", "goes without"),
        (["rows", 1, "claims"], {}, "must claim something"),
        (["rows", 1, "claims"], {"mnist": ["1", "2"]}, "data set of a claim"),
        (["rows", 1, "claims", "cifar10"], ["1"], "2 figures, got 1 in table-1, trades-5g, cifar10"),
        (["rows", 1, "claims", "cifar10"], ["1", "100.01"], "at most 100 percent"),
        (["rows", 1, "claims", "cifar10"], "12", "must be a list"),
        (["rows"], {}, "must be a list"),
    ],
)
def test_what_is_no_table_is_refused(path, value, message):
    with pytest.raises(InvalidInput, match=message):
        Table.from_dict(changed(path, value))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=6)


@given(st.sampled_from(["table", "title", "unit", "columns", "rows", "format", "other"]), JSON)
def test_no_field_of_another_kind_gets_through_or_breaks(name, value):
    try:
        table = Table.from_dict({**TABLE, name: value})
    except InvalidInput:
        return
    assert name != "other"
    assert all(len(entry.claims) == len(table.columns) for entry in table.entries)


def test_a_time_has_neither_attack_nor_threat():
    time = {**TABLE, "unit": "hours", "columns": [{"printed": "Time"}]}
    table = Table.from_dict({**time, "rows": [{**ROW, "claims": {"cifar10": ["3.5"]}}]})
    assert table.entries[0].accuracies() == {}
    with pytest.raises(InvalidInput, match="columns of a table in percent"):
        Table.from_dict({**time, "unit": "percent"})
