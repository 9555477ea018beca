"""The commands ``pack`` and ``unpack``."""

from argparse import Namespace

from benchmarks.gpu.strips import pack, unpack


def run_pack(arguments: Namespace) -> int:
    """The command ``pack``."""
    for folder in pack(arguments.source, arguments.to, arguments.load_size):
        files = list(folder.iterdir())
        print(f"{folder}: {len(files)} files, {sum(path.stat().st_size for path in files):,} bytes")
    return 0


def run_unpack(arguments: Namespace) -> int:
    """The command ``unpack``."""
    missing = unpack(arguments.load, arguments.data, arguments.dataset)
    some = f"{len(missing)} files are still missing, {missing[0]} to {missing[-1]}" if missing else "all files are here"
    print(f"{arguments.dataset} in {arguments.data}: {some}")
    return 0
