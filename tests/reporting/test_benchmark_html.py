import re
from base64 import b64decode
from html.parser import HTMLParser

import pytest

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.reporting.benchmark_html import benchmark_html
from rcnas_zoo.reporting.benchmark_pictures import cost_picture, pareto_rows, search_curves, side_steps, stage_picture
from tests.baselines.tables import BUDGET, curved_table, result_of, row_of, spec_of, table_of, whole_table

PNG = b"\x89PNG\r\n\x1a\n"


class Page(HTMLParser):
    """Which tags stand open, what is loaded, and the text of every cell in bold."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.best, self.bold = [], [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.sources += [found[name] for name in ("src", "href") if name in found]
        self.bold = found.get("class") == "best"
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.bold = False

    def handle_data(self, data):
        if self.bold:
            self.best.append(data)


@pytest.fixture(scope="module")
def page():
    table = whole_table()
    return benchmark_html(table, {"cost": cost_picture(table), "curves": search_curves(table)})


def test_the_page_is_one_file_and_closes_what_it_opens(page):
    found = Page(page)
    assert found.open == []
    assert len(found.sources) == 2
    for source in found.sources:
        head, data = source.split(",")
        assert head == "data:image/png;base64"
        assert b64decode(data).startswith(PNG)
    assert not re.search(r"https?://|<script|url\(", page)


def test_what_others_wrote_is_text_and_never_markup(page):
    assert "a share &amp; &lt;b&gt;10 %&lt;/b&gt; of the weights is too little" in page


def test_the_best_within_the_budget_is_bold(page):
    assert any(text.startswith("71.0") for text in Page(page).best)
    assert not any(text.startswith("81.0") for text in Page(page).best)


def test_the_page_says_what_each_radius_and_each_search_cost():
    page = benchmark_html(curved_table(), {})
    assert Page(page).open == []
    for words in ("<h2>Robust accuracy by radius</h2>", "<th>3/10</th>", "<h2>Search cost</h2>", "<td>67 %</td>"):
        assert words in page
    assert "No contradictions found" in page


def test_pictures_are_the_same_every_time_and_absent_where_there_is_nothing_to_draw():
    table = whole_table()
    assert cost_picture(table).startswith(PNG)
    assert cost_picture(table) == cost_picture(table)
    assert search_curves(table_of(row_of("sat", [0.5, 0.6]))) is None
    assert stage_picture(table, spec_of("wrn-16-2")).startswith(PNG)
    assert stage_picture(table_of(row_of("teacher", [0.5], "wrn-16-2")), spec_of("wrn-16-2")) is None


def test_rows_of_nearly_the_same_cost_stand_beside_one_another():
    assert side_steps([500, 300, 501, 499, 765]) == [-1, 0, 0, 1, 0]
    assert side_steps([500, 500]) == [-0.5, 0.5]
    assert side_steps([]) == []


def test_the_front_holds_what_no_other_row_beats():
    cheap, worse, dear = row_of("a", [0.5]), row_of("b", [0.4]), row_of("c", [0.6], "wrn-16-2")
    assert [row.method for row in pareto_rows([dear, worse, cheap])] == ["a", "c"]
    assert isinstance(table_of(cheap), BenchmarkTable)


def test_the_bars_are_of_the_first_seed_or_there_are_none():
    second = Row("random", BUDGET, (result_of(1, 0.5),))
    assert stage_picture(table_of(second), spec_of("wrn-16-2")) is None
