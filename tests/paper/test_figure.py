import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.paper.figure import Figure
from rcnas_zoo.spec.errors import InvalidInput


def test_a_figure_is_read_and_stays_as_it_is_printed():
    figure = Figure("84.90±0.06")
    assert (figure.value, figure.deviation, str(figure)) == (84.9, 0.06, "84.90±0.06")
    assert figure.fraction == 0.849
    assert [Figure(printed).fraction for printed in ("84.62", "55.90", "7")] == [0.8462, 0.559, 0.07]
    assert (Figure("128").value, Figure("3.5").deviation) == (128.0, None)


@given(st.integers(0, 99_999), st.none() | st.integers(0, 9_999))
def test_every_number_of_two_decimals_is_read(hundredths, deviation):
    printed = f"{hundredths / 100:.2f}" + ("" if deviation is None else f"±{deviation / 100:.2f}")
    figure = Figure(printed)
    assert round(figure.value * 100) == hundredths
    assert figure.deviation == (None if deviation is None else deviation / 100)


@pytest.mark.parametrize(
    "printed",
    ["", "±1", "-1.0", "1.234", "1e2", "1.0 ± 0.1", "86.32±", "nan", "\u0663.\u0665", "<b>1</b>", "1000", 86.32, None],
)
def test_anything_else_is_refused(printed):
    with pytest.raises(InvalidInput, match="a figure must be printed as 86"):
        Figure(printed)


@given(st.text(max_size=12))
def test_what_is_taken_is_a_number_and_says_the_same_again(text):
    try:
        figure = Figure(text)
    except InvalidInput:
        return
    assert 0 <= figure.value < 1000
    assert Figure(str(figure)) == figure
