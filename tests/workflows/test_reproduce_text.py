import json
from dataclasses import replace

import pytest

from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.workflows.kept_works import keep
from rcnas_zoo.workflows.reproduce import Reproduction, claimed, reproduce
from rcnas_zoo.workflows.reproduce_text import reproduction_text, reproduction_to_dict
from rcnas_zoo.workflows.scales import SCALES, asked_for
from rcnas_zoo.workflows.twins import work_for

from .test_kept_works import MADE, MEASURED

TINY = SCALES["tiny"]
FULL = replace(MEASURED, attacks={"pgd-20": 0.5, "cw-40": 0.25, "autoattack": 0.125}, flags=("odd: seen",))


def measured(machine, table, row, made) -> Reproduction:
    """The table's row after its twin gave this."""
    found = load_table(table)
    chosen = found.find(row)
    keep(work_for(chosen, next(iter(chosen.claims)), TINY), asked_for(found, TINY), machine, made)
    return reproduce(table, row, machine=machine)


@pytest.mark.parametrize("name", table_names())
def test_text_and_json_hold_every_entry_as_it_is_printed(name):
    made = claimed(name)
    text, data = reproduction_text(made), reproduction_to_dict(made)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    lines = [line.split() for line in text.splitlines()]
    for cell, shown in zip(made.cells, data["cells"], strict=True):
        figures = list(map(str, cell.entry.claims))
        assert list(shown["printed"].values()) == figures
        (line,) = (line for line in lines if line[:2] == [cell.entry.row.row, cell.entry.dataset])
        assert [word for word in line if word in figures] == figures
        assert shown["states"] == list(cell.states)
        if cell.twin:
            assert shown["command"] == f"rcnas-zoo reproduce {name} --row {cell.entry.row.row} --scale tiny"


def test_claims_are_fractions_and_costs_are_whole_numbers():
    cell = reproduction_to_dict(claimed("table-1"))["cells"][0]
    assert cell["claimed"] == {"Clean": 0.8462, "PGD^20": 0.559, "CW^40": 0.5315, "AutoAttack": 0.5166}
    assert (cell["parameters"], cell["macs"]) == (36_500_000, 5_200_000_000)
    assert cell["hours"] == pytest.approx(sum(cell["forecast"].values()))
    bare = reproduction_to_dict(claimed("table-9"))["cells"][0]
    assert (bare["parameters"], bare["macs"]) == (None, None)


def test_a_contradiction_is_told_below_the_table():
    text = reproduction_text(claimed("table-10"))
    assert "\nrc-nas, cifar100: autoattack-above-cw-40: 0.3079 under autoattack, 0.3055 under cw-40\n" in text


def test_what_was_measured_stands_beside_each_claim_and_is_told_once(machine):
    made = measured(machine, "table-1", "wrn-28-10", replace(MADE, measured=(FULL,)))
    lines = [line for line in reproduction_text(made).splitlines() if line.startswith("wrn-28-10 ")]
    claims, first, twin, second = lines[:2], *lines[2:]
    assert all(line.endswith("measured (tiny)") for line in claims)
    assert " ".join(first.split()[1:]) == ("claimed, cifar10 36.5 M 5.20 G 84.62±0.06 55.90±0.21 53.15±0.33 51.66±0.29")
    assert " ".join(twin.split()[1:]) == ("measured (tiny), 64 of digits, linf@1/5 100 1.00 K 75.00 50.00 25.00 12.50")
    assert second.split()[1:3] == ["claimed,", "cifar100"]
    assert reproduction_text(made).count("wrn-28-10, measured (tiny): odd: seen") == 1
    shown = reproduction_to_dict(made)["cells"][1]["measured"]["tiny"]
    assert shown["numbers"] == {"Clean": 0.75, "PGD^20": 0.5, "CW^40": 0.25, "AutoAttack": 0.125}
    assert (shown["dataset"], shown["samples"], shown["flags"]) == ("digits", 64, ["odd: seen"])


def test_a_radius_of_the_paper_finds_its_own_at_the_tiny_scale(machine):
    radii = ("linf@2/5", "linf@3/10", "linf@1/5", "linf@1/10")
    found = tuple(
        replace(MEASURED, threat=radius, attacks={"pgd-20": place / 8}) for place, radius in enumerate(radii, start=1)
    )
    made = measured(machine, "table-2", "robustresnet-a1", replace(MADE, measured=found))
    numbers = reproduction_to_dict(made)["cells"][0]["measured"]["tiny"]["numbers"]
    assert list(numbers.values()) == [0.5, 0.375, 0.25, 0.125]


def test_a_time_is_that_of_the_search(machine):
    made = measured(machine, "table-4", "rc-nas-5g", replace(MADE, measured=(FULL,), search_seconds=1800.0))
    assert reproduction_to_dict(made)["cells"][2]["measured"]["tiny"]["numbers"] == {"Fine-tuning time": 0.5}
    assert "0.500" in reproduction_text(made)
