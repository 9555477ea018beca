"""A table of the paper, entry by entry: the claim, what is wrong with it, what it would cost, what was measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.paper.lint import entry_flags
from rcnas_zoo.paper.row import Row
from rcnas_zoo.paper.table import Entry, Table
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.workflows.forecast import Forecast, forecast
from rcnas_zoo.workflows.kept_works import Made, kept
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.making import make
from rcnas_zoo.workflows.scales import SCALES, Scale, asked_for, scale_of
from rcnas_zoo.workflows.twins import work_for
from rcnas_zoo.workflows.works import Work

INCONSISTENT = "inconsistent in the paper"
TOO_COSTLY = "too costly here"
NOT_YET = "not measured yet"


@dataclass(frozen=True)
class Cell:
    """One entry of a table and what this project has to say of it.

    Attributes:
        entry: row, data set and claimed figures.
        flags: reasons to doubt the claim.
        forecast: what it would cost at the paper's scale.
        twin: its scaled-down twin.
        made: scale to what was made and measured on this machine.
        affordable: whether this machine has a GPU.
    """

    entry: Entry
    flags: tuple[str, ...]
    forecast: Forecast
    twin: Work
    made: Mapping[str, Made]
    affordable: bool

    @property
    def states(self) -> tuple[str, ...]:
        """Whether the claim contradicts itself, then what was measured or why nothing was, in words."""
        doubt = (INCONSISTENT,) if self.flags else ()
        if self.made:
            return (*doubt, *(f"measured ({scale})" for scale in self.made))
        return (*doubt, NOT_YET if self.affordable else TOO_COSTLY)


@dataclass(frozen=True)
class Reproduction:
    """A table and its cells, in the paper's order; only those of one row, if one was asked for."""

    table: Table
    cells: tuple[Cell, ...]


def reproduce(
    table: str,
    row: str = "",
    scale: str = "",
    machine: Machine | None = None,
    observer: Observer | None = None,
    command: str = "",
) -> Reproduction:
    """The cells of a table, after the row was made at a scale, if one is given.

    Args:
        table: ``table-1`` to ``table-7``, ``table-9`` or ``table-10``.
        row: a row's name; empty for all of them.
        scale: ``tiny``, ``paper``, or empty: then nothing is run.
        machine: where it runs.
        observer: who watches.
        command: the command line that resumes this, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: an unknown table, row or scale, or no row to run.
        NotFound: data are absent.
        Unavailable: the paper's scale without a GPU, a store or cache that cannot be used, or a diverged training.
    """
    machine, found = machine or Machine(), load_table(table)
    rows = [found.find(row)] if row else list(found.rows)
    if scale:
        _make_rows(found, rows, scale_of(scale), machine, observer or Silent(), command)
    return Reproduction(found, tuple(_cells(found, rows, machine)))


def claimed(table: str) -> Reproduction:
    """The cells of a table where nothing was measured and there is no GPU: what can be said of the paper anywhere."""
    found = load_table(table)
    return Reproduction(found, tuple(_cell(found, entry, {}, affordable=False) for entry in found.entries))


def _cells(table: Table, rows: list[Row], machine: Machine) -> Iterator[Cell]:
    affordable = _has_gpu(machine)
    for entry in table.entries:
        if entry.row in rows:
            yield _cell(table, entry, _made(table, entry, machine), affordable)


def _cell(table: Table, entry: Entry, made: Mapping[str, Made], affordable: bool) -> Cell:
    cost = forecast(entry.row, entry.dataset, asked_for(table, SCALES["paper"]))
    twin = work_for(entry.row, entry.dataset, SCALES["tiny"])
    return Cell(entry, tuple(entry_flags(entry)), cost, twin, made, affordable)


def _made(table: Table, entry: Entry, machine: Machine) -> dict[str, Made]:
    found = {}
    for name, scale in SCALES.items():
        work = work_for(entry.row, entry.dataset, scale)
        if made := kept(work, asked_for(table, scale), machine):
            found[name] = made
    return found


def _make_rows(table: Table, rows: list[Row], scale: Scale, machine: Machine, observer: Observer, command: str) -> None:
    if len(rows) != 1:
        raise InvalidInput(f"a scale needs one row to run, got {len(rows)} of {table.table}; name one with --row")
    (row,) = rows
    if not scale.dataset and not _has_gpu(machine):
        raise _too_costly(table, row)
    for dataset in row.claims:
        make(work_for(row, dataset, scale), asked_for(table, scale), machine, observer, command)


def _too_costly(table: Table, row: Row) -> Unavailable:
    asked = asked_for(table, SCALES["paper"])
    costs = [f"{forecast(row, dataset, asked).hours:.1f} h on {dataset}" for dataset in row.claims]
    return Unavailable(
        f"{row.row} of {table.table} must have a GPU at the paper's scale, of one H200 about {', '.join(costs)}, and "
        "this machine has none; take --scale tiny"
    )


def _has_gpu(machine: Machine) -> bool:
    return machine.device_name().startswith("cuda")
