"""What there is: the registry's networks, then the shipped catalogue's. Needs neither torch nor mlflow."""

from collections.abc import Callable, Sequence

from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.zoo.catalogue import catalogue_records
from rcnas_zoo.zoo.index import read_index
from rcnas_zoo.zoo.listing import Listing


def all_listings(refresh: bool, warn: Callable[[str], object]) -> list[Listing]:
    """Every network that a name can reach.

    Args:
        refresh: read the registry itself, which needs mlflow and some seconds, and renew its index.
        warn: is told of a damaged index.
    """
    store = current_store()
    if refresh:
        from rcnas_zoo.zoo.registry import refresh_index

        refresh_index(store)
    shipped = [Listing.of(record, "catalogue") for record in catalogue_records().values()]
    return [*read_index(store.registry_uri, warn), *shipped]


def listings_table(rows: Sequence[Listing]) -> str:
    """The rows for people."""
    header = ["name", "version", "data set", "MACs", "parameters", "threat", "clean", "robust", "source", "weights"]
    return render_table(header, [_cells(row) for row in rows])


def _cells(row: Listing) -> list[object]:
    return [
        row.name,
        row.version,
        row.dataset or "-",
        _macs(row),
        f"{row.parameters / 1e6:.2f} M",
        row.threat or "-",
        percent(row.clean_accuracy),
        percent(row.robust_accuracy),
        row.source,
        "yes" if row.weights else "no",
    ]


def _macs(row: Listing) -> str:
    """Effective MACs, and nominal ones where they differ."""
    macs = format_macs(row.macs)
    return macs if row.nominal_macs == row.macs else f"{macs} of {format_macs(row.nominal_macs)}"
