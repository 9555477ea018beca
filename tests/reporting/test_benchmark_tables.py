import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.reporting.benchmark_tables import comma_separated, latex, latex_text, markdown, terminal
from tests.baselines.tables import BUDGET, table_of, whole_table


def test_a_terminal_gets_every_row_every_reason_and_every_test():
    text = terminal(whole_table())
    for words in ("rc-nas", "71.0 ± 1.0 [", "teacher (over budget)", "hydra_x: infeasible: a share", "+8.0"):
        assert words in text
    assert text.endswith("note: 3 seeds tell little")


def test_markdown_has_as_many_cells_in_every_line():
    lines = [line for line in markdown(whole_table()).splitlines() if line.startswith("|")]
    table = [line for line in lines if line.count("|") == lines[0].count("|")]
    assert len(table) == 5  # header, rule, three rows


def test_a_table_without_results_can_be_shown_too():
    table = table_of(Row("hydra", BUDGET, infeasible="too little"))
    for form in (terminal, markdown, latex, comma_separated):
        assert "hydra" in form(table)


def test_the_file_of_commas_holds_every_seed_in_full():
    rows = list(csv.DictReader(io.StringIO(comma_separated(whole_table()))))
    assert len(rows) == 10
    assert float(rows[1]["robust"]) == 0.72
    assert rows[-1]["reason"] == "a share & <b>10 %</b> of the weights is too little"


def parsed(text):
    """The cells of a ``tabular``; fails on what LaTeX would stumble over."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    depth = 0
    for letter in re.sub(r"\\[\\{}&%_#$]", "", "\n".join(lines)):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"\\begin\{tabular\}", text)) == len(re.findall(r"\\end\{tabular\}", text)) == 1
    rows = [line.removesuffix(r" \\") for line in lines if line.endswith(r"\\")]
    assert all(row.replace(r"\$", "").count("$") % 2 == 0 for row in rows)
    return [re.split(r"(?<!\\) & ", row) for row in rows]


def test_latex_is_a_tabular_of_equal_rows():
    table = whole_table()
    rows = parsed(latex(table))
    shape = re.search(r"\\begin\{tabular\}\{(l[r]+)\}", latex(table))
    assert shape is not None
    assert {len(row) for row in rows[:-1]} == {len(shape[1])}
    assert rows[1][0] == "rc-nas"
    assert r"$71.0 \pm 1.0$" in rows[1]
    assert rows[-1] == [r"hydra\_x", rf"\multicolumn{{{len(shape[1]) - 1}}}{{l}}{{infeasible}}"]


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S", "Z"))))
def test_no_letter_of_a_text_is_left_to_latex(text):
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}", "", latex_text(text))
    assert not re.search(r"(?<!\\)[&%_#${}~^<>]", bare)


@pytest.mark.parametrize("form", [terminal, markdown, latex])
def test_the_head_says_what_was_compared(form):
    head = "digits/pgd-20/wrn-16-2/2m, threat linf@1/5, budget 2.00 M MACs, 3 seeds, 1 trial a study"
    assert head in form(whole_table())
