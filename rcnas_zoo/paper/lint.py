"""Claims of a table that contradict one another."""

from collections.abc import Iterator
from fractions import Fraction

from rcnas_zoo.evaluation.contradictions import contradictions, radius_contradictions
from rcnas_zoo.paper.table import Entry, Table


def entry_flags(entry: Entry) -> Iterator[str]:
    """Flags of what is claimed of one row on one data set, without tolerance: the figures are what is printed."""
    by_attack: dict[str, dict[Fraction, float]] = {}
    for threat, accuracies in entry.accuracies().items():
        yield from contradictions(accuracies)
        for attack, accuracy in accuracies.items():
            by_attack.setdefault(attack, {})[threat.radius] = accuracy
    for attack, found in by_attack.items():
        yield from radius_contradictions(attack, found)


def doubtful_entries(table: Table) -> list[Entry]:
    """The entries of a table that contradict themselves."""
    return [entry for entry in table.entries if next(entry_flags(entry), None)]
