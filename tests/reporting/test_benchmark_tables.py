import csv
import io

import pytest

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.reporting.benchmark_html import benchmark_html
from rcnas_zoo.reporting.benchmark_latex import latex
from rcnas_zoo.reporting.benchmark_tables import comma_separated, markdown, radii_separated, terminal
from tests.baselines.tables import BUDGET, curved_table, row_of, table_of, whole_table


def test_a_terminal_gets_every_row_every_reason_and_every_test():
    text = terminal(whole_table())
    for words in ("rc-nas", "71.0 ± 1.0 [", "teacher (over budget)", "hydra_x: infeasible: a share", "+8.0"):
        assert words in text
    assert text.endswith("note: 3 seeds tell little")


def test_markdown_has_as_many_cells_in_every_line():
    lines = [line for line in markdown(whole_table()).splitlines() if line.startswith("|")]
    table = [line for line in lines if line.count("|") == lines[0].count("|")]
    assert len(table) == 5  # header, rule, three rows


def test_an_attack_that_failed_on_a_network_is_a_dash_in_its_row_alone():
    table = table_of(row_of("sat", [0.5, 0.6]), row_of("mart", [0.7, 0.8], attacks={"pgd-20": 0.8}))
    sat, mart = [line for line in markdown(table).splitlines() if line.startswith(("| sat", "| mart"))][:2]
    assert (sat.count("| - "), mart.count("| - ")) == (0, 2)
    rows = list(csv.DictReader(io.StringIO(comma_separated(table))))
    assert [(row["pgd-20"], row["autoattack"]) for row in rows[1:3]] == [("0.61", "0.5499999999999999"), ("0.8", "")]
    assert "- &" in latex(table)
    assert benchmark_html(table, {}).count("<td>-</td>") >= 2


def test_a_terminal_is_told_one_interval_and_lines_that_fit():
    lines = terminal(curved_table()).splitlines()
    row = next(line for line in lines if line.startswith("rc-nas"))
    assert row.count("[") == 1
    assert row.count("±") == 5
    assert max(map(len, lines)) <= 140
    assert "71.0 ± 1.0 [" in row
    assert markdown(curved_table()).splitlines()[4].count("[") == 5


def test_macs_of_a_pruned_network_are_told_with_and_without_zeros():
    pruned = table_of(row_of("hydra", [0.5, 0.6], nominal_macs=1_500_000))
    for text in (terminal(pruned), markdown(pruned), latex(pruned), benchmark_html(pruned, {})):
        assert "0.76 M of 1.50 M" in text
    for text in (terminal(pruned), markdown(pruned), benchmark_html(pruned, {})):
        assert "MACs of pruned networks: without zeros, of those with them." in text
    assert "pruned networks" not in terminal(whole_table())


def test_a_single_seed_has_no_tests_to_show():
    table = table_of(row_of("sat", [0.5]), row_of("mart", [0.6]))
    for text in (terminal(table), markdown(table), benchmark_html(table, {})):
        assert "Holm" not in text
    assert len(table.to_dict()["tests"]) == 2


def test_rows_of_the_same_networks_are_told_in_every_text():
    curve = ({"loss": 0.5},)
    table = table_of(row_of("teacher", [0.5], curve=curve), row_of("sat", [0.5], curve=curve))
    for text in (terminal(table), markdown(table), benchmark_html(table, {})):
        assert "sat is the same networks as teacher" in text


def test_a_table_without_results_can_be_shown_too():
    table = table_of(Row("hydra", BUDGET, infeasible="too little"))
    for form in (terminal, markdown, latex, comma_separated):
        assert "hydra" in form(table)


def test_the_file_of_commas_holds_every_seed_in_full():
    rows = list(csv.DictReader(io.StringIO(comma_separated(whole_table()))))
    assert len(rows) == 10
    assert float(rows[1]["robust"]) == 0.72
    assert {row["visits"] for row in rows} == {"0", ""}
    assert [row["over_budget"] for row in rows] == ["false"] * 6 + ["true"] * 3 + [""]
    assert rows[-1]["reason"] == "a share & <b>10 %</b> of the weights is too little"


@pytest.mark.parametrize("form", [terminal, markdown, latex])
def test_the_head_says_what_was_compared(form):
    head = "digits/pgd-20/wrn-16-2/2m, threat linf@1/5, budget 2.00 M MACs, 3 seeds, 1 trial a study"
    assert head in form(whole_table())


def test_the_file_of_radii_holds_every_point_of_every_seed():
    table = curved_table()
    rows = list(csv.DictReader(io.StringIO(radii_separated(table))))
    assert len(rows) == 2 * 3 * 3
    assert rows[0] == {
        "method": "rc-nas", "seed": "0", "threat": "linf@1/10", "samples": "360", "accuracy": "0.8", "alone": "0.8",
    }  # fmt: skip
    spent = next(csv.DictReader(io.StringIO(comma_separated(table))))
    seconds = [spent[name] for name in ("visits", "visiting_seconds", "thinking_seconds", "training_seconds")]
    assert seconds == ["4", "50.0", "10.0", "30.0"]


@pytest.mark.parametrize("form", [terminal, markdown])
def test_radii_and_search_cost_are_for_people_too(form):
    text = form(curved_table())
    for words in ("Robust accuracy by radius", "30.0 ± 0.0 [", "Search cost", "67 %"):
        assert words in text
    assert "Robust accuracy by radius" not in form(whole_table())


@pytest.mark.parametrize("form", [terminal, markdown, latex])
def test_the_lint_speaks_in_every_form(form):
    assert "No contradictions found" in form(whole_table())
    bad = form(table_of(row_of("sat", [0.5], same_images={"pgd-20": 0.1, "autoattack": 0.2}, flags=("x: 1",))))
    assert "Contradiction: sat, seed 0: autoattack-above-pgd-20: 0.2000 under autoattack, 0.1000 under pgd-20" in bad
    assert "Flag: x: 1 (sat, seed 0)" in bad
    assert "No contradictions" not in bad


def test_a_contradiction_stands_beside_its_network_in_the_file_of_commas():
    table = table_of(row_of("sat", [0.5], same_images={"pgd-20": 0.1, "autoattack": 0.2}))
    (row,) = csv.DictReader(io.StringIO(comma_separated(table)))
    assert row["contradictions"].startswith("autoattack-above-pgd-20: ")


def test_a_flag_of_many_networks_names_a_few():
    text = terminal(table_of(row_of("sat", [0.5] * 5, flags=("x: 1",))))
    assert "Flag: x: 1 (sat, seed 0; sat, seed 1; sat, seed 2 and 2 more)" in text
