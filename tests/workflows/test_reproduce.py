import pytest

from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.workflows import reproduce as reproducing
from rcnas_zoo.workflows.kept_works import keep
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.reproduce import claimed, reproduce
from rcnas_zoo.workflows.scales import SCALES, asked_for
from rcnas_zoo.workflows.twins import work_for

from .test_kept_works import MADE

SIX = ("table-1", "table-5", "table-6", "table-7", "table-9", "table-10")


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(Machine, "device_name", lambda _: "cuda:0")


@pytest.fixture
def asked_to_make(monkeypatch):
    """The works that are to be made; none is."""
    works = []
    monkeypatch.setattr(reproducing, "make", lambda work, *_: works.append(work))
    return works


def states(made):
    return {(cell.entry.row.row, cell.entry.dataset): cell.states for cell in made.cells}


def test_every_entry_of_every_table_has_a_state_and_a_price(machine):
    for name in table_names():
        made = reproduce(name, machine=machine)
        assert [cell.entry for cell in made.cells] == list(load_table(name).entries)
        assert all(cell.states and cell.forecast.hours > 0 for cell in made.cells)
        assert made == claimed(name)


def test_the_inconsistent_cells_are_those_of_the_lint():
    flagged = [cell for name in SIX for cell in claimed(name).cells if "inconsistent in the paper" in cell.states]
    assert len(flagged) == 27
    assert all(cell.flags for cell in flagged)


def test_a_state_says_what_stands_in_the_way(machine):
    found = states(reproduce("table-1", machine=machine))
    assert found["wrn-28-10", "cifar10"] == ("too costly here",)
    assert found["advrush-7@96", "cifar10"] == ("too costly here",)
    assert found["rc-nas-40g", "cifar100"] == ("inconsistent in the paper", "too costly here")


def test_with_a_gpu_nothing_is_too_costly(machine, gpu):
    found = states(reproduce("table-1", machine=machine))
    assert found["wrn-28-10", "cifar10"] == ("not measured yet",)
    assert found["robnet-large-v2", "cifar10"] == ("not measured yet",)
    assert states(reproduce("table-9", machine=machine))["hydra-5g", "cifar100"] == ("not measured yet",)


def test_what_was_measured_is_shown_wherever_the_row_stands(machine):
    row, tiny = load_table("table-10").find("rc-nas"), SCALES["tiny"]
    keep(work_for(row, "cifar10", tiny), asked_for(load_table("table-10"), tiny), machine, MADE)
    assert states(reproduce("table-10", machine=machine))["rc-nas", "cifar100"] == (
        "inconsistent in the paper",
        "measured (tiny)",
    )
    shown = reproduce("table-1", "rc-nas-10g", machine=machine)
    assert [cell.made for cell in shown.cells] == 2 * [{"tiny": MADE}]
    assert states(reproduce("table-2", machine=machine))["rc-nas-10g", "cifar10"] == ("too costly here",)


def test_a_row_is_made_at_its_scale_once_for_each_data_set(machine, asked_to_make, gpu):
    reproduce("table-1", "wrn-28-10", "tiny", machine)
    reproduce("table-1", "wrn-28-10", "paper", machine)
    assert [work.dataset for work in asked_to_make] == ["digits", "digits", "cifar10", "cifar100"]
    assert asked_to_make[0] == asked_to_make[1]


def test_the_papers_scale_is_refused_without_a_gpu_and_names_its_price(machine, asked_to_make):
    with pytest.raises(Unavailable, match=r"of one H200 about 6\.1 h on cifar10, 6\.1 h on cifar100, .*--scale tiny"):
        reproduce("table-1", "rc-nas-5g", "paper", machine)
    assert asked_to_make == []


@pytest.mark.parametrize(
    ("table", "row", "scale", "message"),
    [
        ("table-8", "", "", "a table of the paper must be one of"),
        ("table-1", "wrn-28", "", "a row of table-1 must be one of .*wrn-28-10"),
        ("table-1", "wrn-28-10", "huge", "a scale must be one of tiny, paper"),
        ("table-1", "", "tiny", "name one with --row"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(table, row, scale, message, machine, asked_to_make):
    with pytest.raises(InvalidInput, match=message):
        reproduce(table, row, scale, machine)
    assert asked_to_make == []
