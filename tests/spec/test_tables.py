import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.tables import percent, render_markdown, render_table


def test_numbers_stand_to_the_right_and_words_to_the_left():
    rows = [("wrn-28-10", 36_479_194, "5.24 G"), ("a1", 1, "-"), ("longer name", None, "1.97 M")]
    assert render_table(("name", "parameters", "macs"), rows) == "\n".join(
        [
            "name         parameters    macs",
            "-----------  ----------  ------",
            "wrn-28-10      36479194  5.24 G",
            "a1                    1       -",
            "longer name           -  1.97 M",
        ]
    )


def test_a_column_with_one_word_among_numbers_stands_to_the_left():
    assert render_table(("value",), [(1,), ("none",)]).splitlines()[2:] == ["1", "none"]


def test_negative_numbers_are_numbers():
    assert render_table(("value",), [(-0.5,), (12,)]).splitlines()[2:] == [" -0.5", "   12"]


def test_a_table_without_rows_is_its_header():
    assert render_table(("name", "macs"), []) == "name  macs\n----  ----"


@pytest.mark.parametrize("row", [("a",), ("a", 1, 2)])
def test_a_row_of_another_length_is_refused(row):
    with pytest.raises(ValueError, match="zip"):
        render_table(("name", "macs"), [("b", 1), row])


@given(st.lists(st.tuples(st.integers(), st.text("abc ", max_size=9), st.none() | st.integers()), min_size=1))
def test_every_line_fits_under_the_rule(rows):
    header, rule, *lines = render_table(("number", "word", "maybe"), rows).splitlines()
    assert len(lines) == len(rows)
    assert all(len(line) <= len(rule) for line in [header, *lines])


@pytest.mark.parametrize(("fraction", "text"), [(0.5686, "56.9 %"), (1.0, "100.0 %"), (0, "0.0 %"), (None, "-")])
def test_fractions_are_shown_in_percent(fraction, text):
    assert percent(fraction) == text


def test_unknown_percentages_stand_under_known_ones():
    assert render_table(("robust",), [(percent(0.5),), (percent(None),)]).splitlines()[2:] == ["50.0 %", "     -"]


def test_markdown_puts_numbers_to_the_right():
    found = render_markdown(("name", "macs"), [("a", 12), ("b", None)])
    assert found.splitlines() == ["| name | macs |", "| --- | ---: |", "| a | 12 |", "| b | - |"]


def test_a_markdown_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        render_markdown(("name", "macs"), [("b",)])
