import pytest

from rcnas_zoo.reporting.benchmark_sections import sections, shown_radius
from rcnas_zoo.reporting.benchmark_tables import points
from tests.baselines.tables import curve_of, curved_table, row_of, table_of


def test_accuracies_by_radius_start_with_the_clean_one():
    radii = sections(curved_table(), points)[0]
    assert radii.name == "radii"
    assert radii.header == ["method", "0", "1/10", "1/5", "3/10"]
    assert [row[0] for row in radii.rows] == ["rc-nas", "sat"]
    assert radii.rows[0][1].startswith("90.0 ± 0.0 [")
    assert radii.rows[1][4].startswith("30.0 ± 0.0 [")


def test_a_search_is_set_beside_the_training_of_what_it_found():
    cost = sections(curved_table(), points)[1]
    assert cost.name == "search-cost"
    assert cost.rows == [["rc-nas", "4", "50.0", "10.0", "30.0", "67 %"], ["sat", "0", "0.0", "0.0", "30.0", "0 %"]]
    assert len(cost.header) == len(cost.rows[0])


def test_what_there_is_nothing_to_say_of_has_no_section():
    assert sections(table_of(row_of("sat", [0.5])), points) == []
    assert [each.name for each in sections(table_of(row_of("sat", [0.5], **curve_of(0.4))), points)] == ["radii"]
    assert sections(table_of(), points) == []


@pytest.mark.parametrize(
    ("threat", "text"),
    [("linf@4/85", "12/255"), ("linf@8/255", "8/255"), ("linf@1/17", "15/255"), ("linf@1/5", "1/5"), ("l2@1/2", "1/2")],
)
def test_a_radius_in_pixel_steps_stays_one(threat, text):
    assert shown_radius(threat) == text
