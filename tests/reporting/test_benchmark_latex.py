import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.reporting.benchmark_latex import latex, latex_files, latex_text
from tests.baselines.tables import curved_table, whole_table

ENGINE = next(filter(shutil.which, ("tectonic", "pdflatex", "xelatex", "lualatex")), None)


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
    assert "% 3 seeds tell little" in latex(table)
    assert "% hydra_x: infeasible: a share & <b>10 %</b> of the weights is too little" in latex(table)
    assert rows[-1] == [r"hydra\_x", rf"\multicolumn{{{len(shape[1]) - 1}}}{{l}}{{infeasible}}"]


@given(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S", "Z"))))
def test_no_letter_of_a_text_is_left_to_latex(text):
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}", "", latex_text(text))
    assert not re.search(r"(?<!\\)[&%_#${}~^<>]", bare)


def test_every_table_has_a_file_and_only_where_there_is_something_to_say():
    files = latex_files(curved_table())
    assert list(files) == ["table.tex", "radii.tex", "search-cost.tex"]
    for content in files.values():
        rows = parsed(content)
        assert {len(row) for row in rows} == {len(rows[0])}
    assert parsed(files["radii.tex"])[1] == [
        "rc-nas", r"$90.0 \pm 0.0$", r"$80.0 \pm 0.0$", r"$70.0 \pm 0.0$", r"$20.0 \pm 0.0$",
    ]  # fmt: skip
    assert parsed(files["search-cost.tex"])[1][-1] == r"67 \%"
    assert list(latex_files(whole_table())) == ["table.tex"]


@pytest.mark.skipif(ENGINE is None, reason="no TeX engine here")
def test_a_bare_document_takes_every_file(tmp_path):
    files = latex_files(curved_table()) | {"infeasible.tex": latex(whole_table())}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    body = "\n\n".join(rf"\input{{{name}}}" for name in files)
    document = "\n".join([r"\documentclass{article}", r"\begin{document}", body, r"\end{document}"])
    (tmp_path / "all.tex").write_text(document, encoding="utf-8")
    options = [] if ENGINE == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    subprocess.run([ENGINE, *options, "all.tex"], cwd=tmp_path, check=True, timeout=120, capture_output=True)
    assert (tmp_path / "all.pdf").stat().st_size > 0
