import json

import pytest

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.statistics import estimate, holm
from rcnas_zoo.baselines.table import best_of, columns
from rcnas_zoo.spec.canonical import canonical_json
from tests.baselines.tables import BUDGET, curve_of, curved_table, row_of, table_of, whole_table


def test_the_fixed_fields_of_a_row_are_there():
    data = json.loads(canonical_json(whole_table().to_dict()))
    assert {"task", "seeds", "trials", "rows", "tests"} <= set(data)
    row = data["rows"][0]
    assert {"method", "parameters", "macs", "over_budget", "clean_accuracy", "attacks", "robust_accuracy"} <= set(row)
    assert row["robust_accuracy"] == pytest.approx(0.71)
    assert row["std"] == pytest.approx(0.01)
    assert row["interval"][0] < 0.71 < row["interval"][1]
    assert row["attacks"] == pytest.approx({"pgd-20": 0.72, "cw-40": 0.71, "autoattack": 0.66})
    assert [seed["seed"] for seed in row["seeds"]] == [0, 1, 2]


def test_a_row_without_results_says_why_in_place_of_numbers():
    data = whole_table().to_dict()["rows"][-1]
    assert data == {"method": "hydra_x", "infeasible": "a share & <b>10 %</b> of the weights is too little"}


def test_what_costs_more_than_the_budget_is_marked_and_is_never_the_best():
    table = whole_table()
    assert [row.over_budget for row in table.measured] == [False, False, True]
    assert best_of(table.measured, "robust") == pytest.approx(0.71)
    assert best_of([], "robust") is None


def test_the_attacks_are_those_that_some_row_has_under_every_seed():
    table = whole_table()
    assert table.attacks == ["pgd-20", "cw-40", "autoattack"]
    assert table_of(Row("hydra", BUDGET, infeasible="no")).attacks == []
    flags = ("attack-failed: cw-40 ended after 0 of 360 images: KeyError: 'lost'",)
    row = row_of("mart", [0.7, 0.8], attacks={"pgd-20": 0.8}, flags=flags)
    failed = table_of(row_of("sat", [0.5, 0.6]), row)
    assert failed.attacks == ["pgd-20", "cw-40", "autoattack"]
    cells = {column.title: [column.cell(row) for row in failed.measured] for column in columns(failed, str)}
    assert cells["cw-40"][1] == cells["autoattack"][1] == cells["robust"][1] == "-" not in cells["pgd-20"]
    assert best_of(failed.measured, "robust") == pytest.approx(0.55)
    assert {test.metric for test in failed.tests} == {"clean"}
    assert table_of(row).attacks == ["pgd-20"]
    assert best_of(failed.measured, "autoattack") == pytest.approx(0.5)
    assert list(failed.to_dict()["rows"][1]["attacks"]) == ["pgd-20"]


def test_p_values_are_adjusted_for_all_tests_of_an_accuracy():
    tests = [test for test in whole_table().tests if test.metric == "robust"]
    assert [test.adjusted for test in tests] == [test.adjusted for test in holm(tests)]
    assert any(test.adjusted > test.p_value for test in tests)


def test_rows_of_the_same_networks_are_told():
    curve = ({"loss": 0.5},)
    same = table_of(
        row_of("teacher", [0.5, 0.6], curve=curve),
        row_of("sat", [0.5, 0.6], curve=curve),
        row_of("trades", [0.5, 0.6], curve=({"loss": 0.4},)),
        Row("hydra", BUDGET, infeasible="no"),
        Row("harp", BUDGET, infeasible="no"),
        notes=("first",),
    )
    twins = "sat is the same networks as teacher, trained in the same way: one row under two names"
    assert same.remarks == ["first", twins]
    searched = [row_of(name, [0.5, 0.6], curve=curve, search=SearchCost(2, 1.0, 1.0)) for name in ("random", "tpe")]
    assert table_of(*searched).twins == []
    assert same.to_dict()["notes"] == ["first", twins]
    assert whole_table().twins == []


def test_the_own_search_is_tested_against_every_other_row_by_seed():
    table = table_of(row_of("random", [0.6, 0.66, 0.63]), row_of("rc-nas", [0.7, 0.72]), row_of("sat", [0.5, 0.5, 0.6]))
    tests = [test for test in table.tests if test.metric == "robust"]
    assert [(test.a, test.b, test.seeds) for test in tests] == [("rc-nas", "random", 2), ("rc-nas", "sat", 2)]
    assert tests[0].effect == pytest.approx((0.1 + 0.06) / 2)


def test_without_it_the_first_row_takes_its_place():
    assert {test.a for test in table_of(row_of("tpe", [0.5, 0.6]), row_of("sat", [0.4, 0.6])).tests} == {"tpe"}
    assert table_of(Row("hydra", BUDGET, infeasible="no")).tests == []


def test_the_radii_are_those_that_every_row_has_with_an_estimate_each():
    table = curved_table()
    assert table.radii == ["linf@1/10", "linf@1/5", "linf@3/10"]
    row = table.to_dict()["rows"][0]
    assert row["radii"]["linf@3/10"]["mean"] == pytest.approx(0.2)
    assert row["seeds"][0]["radii"] == table.rows[0].results[0].radii
    # The interval is that of all 360 images, as of the clean accuracy.
    assert row["radii"]["linf@1/10"]["interval"] == list(estimate([0.8, 0.8, 0.8], 360).interval)
    assert table_of(row_of("sat", [0.5]), row_of("trades", [0.5], **curve_of(0.4))).radii == []
    assert whole_table().radii == []


def test_what_a_search_costs_is_told_for_every_row():
    searched, trained = (row["search"] for row in curved_table().to_dict()["rows"])
    assert searched == pytest.approx(
        {"visits": 4, "visiting_seconds": 50, "thinking_seconds": 10, "training_seconds": 30, "share": 60 / 90}
    )
    assert trained == {
        "visits": 0, "visiting_seconds": 0, "thinking_seconds": 0, "training_seconds": 30, "share": 0
    }  # fmt: skip
    nothing = row_of("teacher", [0.5]).search_cost
    assert nothing["share"] == nothing["training_seconds"] == 0


def test_reasons_to_doubt_name_their_networks():
    table = table_of(row_of("sat", [0.5, 0.6], flags=("no-gradients: 3",)), row_of("mart", [0.5], flags=("x: 1",)))
    assert table.flags == {"no-gradients: 3": ["sat, seed 0", "sat, seed 1"], "x: 1": ["mart, seed 0"]}
    assert table.to_dict()["rows"][0]["seeds"][1]["flags"] == ["no-gradients: 3"]
    assert table.to_dict()["contradictions"] == []
