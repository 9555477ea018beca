import pytest

from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.workflows.forecast import attack_passes, forecast
from rcnas_zoo.workflows.scales import SCALES, asked_for


def hours_of(table, row, dataset="cifar10"):
    found = load_table(table)
    return forecast(found.find(row), dataset, asked_for(found, SCALES["paper"]))


def test_a_training_by_hand():
    """TRADES: 10 steps of 3 passes and an update of 6; the attacks: 20 and 40 steps of 3, and AutoAttack."""
    found = hours_of("table-1", "wrn-28-10")
    assert found.training == pytest.approx(5.20e9 * 50_000 * 100 * (10 * 3 + 6) * 2 / 200e12 / 3600)
    assert found.attacks == pytest.approx(5.20e9 * 10_000 * (60 + 120 + 4_960 + 2 * 1_230) * 2 / 200e12 / 3600)
    assert (found.search, found.hours) == (0, found.training + found.attacks)


def test_an_objective_of_fewer_passes_costs_less():
    trades, sat = hours_of("table-9", "trades-5g"), hours_of("table-9", "sat-5g")
    assert sat.training / trades.training == pytest.approx(33 / 36)
    assert sat.attacks == trades.attacks


def test_a_table_without_costs_counts_the_network_or_the_budget():
    assert hours_of("table-9", "trades-5g").training == pytest.approx(
        hours_of("table-1", "wrn-28-10").training, rel=0.01
    )
    assert hours_of("table-9", "rc-nas-5g").training * 4.98 == pytest.approx(
        hours_of("table-1", "rc-nas-5g").training * 5
    )


@pytest.mark.parametrize("row", ["hydra-5g", "harp-5g"])
def test_pruning_trains_more_than_twice_as_long(row):
    assert hours_of("table-9", row).training == pytest.approx(2.2 * hours_of("table-9", "trades-5g").training)


def test_a_search_by_hand():
    """Ten networks at the budget and their teacher (5.24 G MACs), five epochs each, and AutoAttack on 1,024 images."""
    trained = (10 * 5e9 + 5.245e9) * 50_000 * 5 * 36
    attacked = (10 * 5e9 + 5.245e9) * 1_024 * (4_960 + 2 * 1_230)
    found = hours_of("table-1", "rc-nas-5g")
    assert found.search == pytest.approx((trained + attacked) * 2 / 200e12 / 3600, rel=1e-3)


def test_each_threat_is_attacked():
    four = hours_of("table-2", "robustresnet-a1")
    one = hours_of("table-1", "robustresnet-a1")
    assert four.attacks / one.attacks == pytest.approx(4 * 60 / (60 + 120 + 7_420), rel=0.02)


@pytest.mark.parametrize(("attack", "passes"), [("clean", 1), ("pgd-7", 21), ("cw-40", 120), ("autoattack", 7_420)])
def test_the_passes_of_an_attack(attack, passes):
    assert attack_passes(attack) == passes


def test_every_entry_has_a_price():
    for name in table_names():
        table = load_table(name)
        asked = asked_for(table, SCALES["paper"])
        for entry in table.entries:
            found = forecast(entry.row, entry.dataset, asked)
            assert 1 < found.hours < 200
            assert (found.search > 0) == (entry.row.method in ("rc-nas", "r-nas"))
