"""The page says what the data say."""

import re

import pytest

from rcnas_zoo.evaluation.contradictions import contradictions
from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.workflows.forecast import forecast
from rcnas_zoo.workflows.reproduce_page import page_tables
from rcnas_zoo.workflows.scales import SCALES, asked_for

from ..floors import ROOT

PAGE = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.partition("## The tables")[0].split())
CLEAN, PGD, CW, AUTO = range(4)


def values(table, row, dataset="cifar10"):
    return [figure.value for figure in load_table(table).find(row).claims[dataset]]


def all_values(*tables):
    return [[figure.value for figure in entry.claims] for table in tables for entry in load_table(table).entries]


def test_the_tables_are_those_of_the_data():
    assert PAGE.endswith("## The tables\n\n" + page_tables()), "run: python benchmarks/make_reproduction.py"


def test_what_is_said_of_tiny_imagenet():
    entries = all_values("table-5", "table-6", "table-7")
    gaps = [row[AUTO] - row[PGD] for row in entries if row[AUTO] > row[PGD]]
    assert (len(gaps), len(entries), round(min(gaps), 1), round(max(gaps), 1)) == (22, 28, 4.1, 8.6)
    assert "4.1 to 8.6 points above PGD-20 in 22 of 28 entries, and in 10 of Table 6" in PROSE
    assert sum(row[AUTO] > row[CW] for row in all_values("table-6")) == 10
    assert all(row[CW] > row[PGD] for row in entries)
    assert not any(row[CW] > row[PGD] for row in all_values("table-1"))


def test_what_is_said_of_radii_and_newer_attacks():
    narrow, *_, widest = values("table-2", "rc-nas-5g")
    assert narrow - widest < 1
    auto, *_, adaptive = values("table-3", "rc-nas-5g")
    assert (round(adaptive - auto, 1), "2.3 points more under A3" in PROSE) == (2.3, True)


def test_what_is_said_of_r_nas():
    small, large = values("table-9", "r-nas-5g"), values("table-9", "r-nas-10g")
    assert [round(b - a, 2) for a, b in zip(small, large, strict=True)] == [0, 5, 1, -10]
    deviations = [
        [f.deviation for f in load_table("table-9").find(row).claims["cifar10"]] for row in ("r-nas-5g", "r-nas-10g")
    ]
    assert deviations[0] == deviations[1]
    assert large[PGD] > values("table-9", "rc-nas-10g")[PGD]
    assert round(large[PGD] - large[AUTO], 1) == 17.6


def test_what_is_said_of_trades():
    assert load_table("table-9").find("trades-5g").claims["cifar10"] == load_table("table-1").rows[0].claims["cifar10"]
    for row, network, here, there in (
        ("trades-5g", "wrn-28-10", 60.98, 56.30),
        ("trades-10g", "wrn-34-12", 61.96, 56.08),
    ):
        assert (values("table-9", row, "cifar100")[CLEAN], values("table-1", network, "cifar100")[CLEAN]) == (
            here,
            there,
        )
    assert (values("table-9", "trades-10g")[CLEAN], values("table-1", "wrn-34-12")[CLEAN]) == (84.98, 84.93)


def test_what_is_said_of_other_objectives():
    """Against what the README of zhichao-lu/robust-residual-network has for SAT and MART."""
    assert values("table-9", "sat-5g")[PGD : CW + 1] == [52.44, 50.97]
    assert values("table-9", "mart-5g")[PGD : CW + 1] == [52.85, 51.36]


def test_what_is_said_of_costs_and_times():
    macs = {row.row: row.macs.value for row in load_table("table-1").rows}
    assert all(18.3 <= macs[name] <= 19.1 for name in ("wrn-34-r", "advrush-10@96", "racl-10@104"))
    assert round(macs["wrn-70-16"] / macs["wrn-28-10"]) == 7
    times = load_table("table-4")
    for dataset in times.rows[0].claims:
        first, *_, last = (row.claims[dataset][0].value for row in times.rows)
        assert 1.18 < last / first < 1.28
    asked = asked_for(times, SCALES["paper"])
    hours = [f"{forecast(row, 'cifar10', asked).search:.1f}" for row in times.rows]
    assert f"in hours on CIFAR-10: {', '.join(hours)}; the table has 3, 3.5, 3.5, 3.8" in PROSE


def test_what_was_measured_here_has_no_contradiction():
    rows = re.findall(r"^\| [a-z-]+-5g \| [\d,]+ \| [\d.]+ \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 7
    for row in rows:
        numbers = dict(zip(("clean", "pgd-20", "cw-40", "autoattack"), map(float, row.split(" | ")), strict=True))
        assert list(contradictions(numbers)) == []


@pytest.mark.parametrize("number", ["27", "108", "2, 4, 14, 4, 2 and 1", "22 of them distinct"])
def test_the_counts_of_the_lint_are_told(number):
    assert re.search(rf"\b{number}\b", PROSE)
