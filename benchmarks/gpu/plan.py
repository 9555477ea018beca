"""Which objective and how many epochs fit into so many minutes, by what `throughput` measured."""

from argparse import Namespace

from benchmarks.gpu.schedule import Time
from benchmarks.gpu.throughput import TABLE
from benchmarks.results import Results, Row  # type: ignore[attr-defined]  # mypy takes the folder of that name
from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.spec.tables import render_table

HEADER = ("network", "objective", "compiled", "images/s", "epochs", "minutes", "one epoch, s")


def run(arguments: Namespace) -> int:
    """The command."""
    path = arguments.rates
    if not path.is_file():
        raise NotFound(f"the rates must be in a file that throughput made, got none in {path}; run throughput first")
    print(table(Results.read(path).find(table=TABLE), arguments))
    return 0


def table(rows: list[Row], arguments: Namespace) -> str:
    """A line for every measured case, with what its epochs will take in all."""
    return render_table(HEADER, [_line(row, arguments) for row in rows])


def _line(row: Row, arguments: Namespace) -> tuple[str, ...]:
    start = arguments.load_seconds + row["warmup_seconds"]
    time = Time(60 * arguments.total_minutes, 60 * arguments.slice_minutes, start, arguments.spare)
    rate, images = row["images_per_second"], arguments.images
    epochs = time.epochs(images, rate)
    minutes = time.needed(epochs, images, rate) / 60 if epochs else 0.0
    compiled = "yes" if row["compiled"] else "no"
    figures = (f"{rate:.0f}", str(epochs), f"{minutes:.1f}", f"{images / rate:.1f}")
    return (row["network"], row["title"], compiled, *figures)
