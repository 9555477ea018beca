"""Images a second of our training loop against the plain one: same model, same machine, same run.

python benchmarks/training.py compare    the ratio, on WRN-16-2 at 32x32, TRADES-10 and SAT-10

python benchmarks/training.py growth    tables with width, depth, batch and image size

python benchmarks/training.py growth --along batch --model wrn-28-10 --values 128,256,512,1024

python benchmarks/report.py    docs/benchmarks.md out of what was measured

Every sample runs in a fresh process on all cores (or on a graphics card, if there is one). Rounds take the variants in
turn (A B C A B C ...), so that a machine that slows down slows all of them. Each sample is kept at once: the same
command again goes on where it stopped.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch
from machine import facts, peak
from results import FOLDER, Results
from variants import VARIANTS, Setting, sample

from rcnas_zoo.execution.device import pick_device

GROWTH = {
    "width": ("wrn-16-1", "wrn-16-2", "wrn-16-4"),
    "depth": ("wrn-10-2", "wrn-16-2", "wrn-28-2"),
    "batch": ("32", "128", "256"),
    "size": ("16", "24", "32", "48"),
}
GROWTH_VARIANTS = ("plain", "float32", "bfloat16")
UPDATES = {"cpu": 3, "cuda": 20}


@dataclass(frozen=True)
class Bench:
    """Where samples are taken and kept."""

    device: torch.device
    results: Results
    updates: int

    def run(self, table: str, settings: Sequence[Setting], variants: Sequence[str], rounds: int) -> None:
        """Every variant of every setting once a round, and the matmul peak before them."""
        for number in range(rounds):
            self._peak(number)
            for setting, variant in _in_turn(settings, variants):
                self._sample(table, setting, variant, number)

    def _peak(self, number: int) -> None:
        if not self.results.find(table="peak", round=number):
            found = _child("peak-once", "--device", str(self.device))
            self.results.add({"table": "peak", "round": number, **found})
            _say(f"round {number + 1}  matmul peak  {found}")

    def _sample(self, table: str, setting: Setting, variant: str, number: int) -> None:
        key = {"setting": setting.to_dict(), "variant": variant, "round": number}
        if self.results.find(table=table, **key):
            return
        if table == "growth" and (known := self.results.find(table="compare", **key)):
            self.results.add({**known[0], "table": table})
            return
        found = _child(
            "sample", json.dumps(setting.to_dict()), variant, str(self.updates), "--device", str(self.device)
        )
        self.results.add({"table": table, **key, **found})
        _say(f"round {number + 1}  {setting}  {variant}  {found.get('images_per_second', found.get('failed'))}")


def _in_turn(settings: Sequence[Setting], variants: Sequence[str]) -> Iterator[tuple[Setting, str]]:
    return ((setting, variant) for setting in settings for variant in variants)


def _child(*arguments: str) -> dict[str, Any]:
    """What a fresh process printed as JSON; a sample that fails (memory) is a result too."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {"failed": reason[:200]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _bench(device: str, results: Path, updates: int) -> Bench:
    chosen = pick_device(device)
    path = results / f"training-{chosen.type}.json"
    return Bench(chosen, Results.open(path, facts(chosen)), updates or UPDATES[chosen.type])


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _along(base: Setting, axis: str, value: str) -> Setting:
    if axis in ("width", "depth"):
        return replace(base, model=value)
    return replace(base, batch=int(value)) if axis == "batch" else replace(base, size=int(value))


@click.group(help=__doc__)
def main() -> None:
    pass


_device = click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda[:n].")
_results = click.option(
    "--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True, help="Folder of the results."
)
_updates = click.option("--updates", default=0, help="Timed updates a sample; default 3 on a CPU, 20 on a card.")
_model = click.option("--model", default="wrn-16-2", show_default=True, help="Architecture.")
_size = click.option("--size", default=32, show_default=True, help="Side of the images in pixels.")
_batch = click.option("--batch", default=128, show_default=True, help="Images of an update.")
_steps = click.option("--steps", default=10, show_default=True, help="Steps of the inner attack.")


@main.command()
@_model
@_size
@_batch
@_steps
@click.option("--objectives", default="trades,sat", show_default=True, help="Comma-separated.")
@click.option("--variants", default=",".join(VARIANTS), show_default=True, help="Comma-separated.")
@click.option("--rounds", default=5, show_default=True, help="Samples of each variant.")
@_updates
@_device
@_results
def compare(
    model: str,
    size: int,
    batch: int,
    steps: int,
    objectives: str,
    variants: str,
    rounds: int,
    updates: int,
    device: str,
    results: Path,
) -> None:
    """Ours against plain on one model."""
    settings = [Setting(model, size, batch, objective, steps) for objective in _names(objectives)]
    _bench(device, results, updates).run("compare", settings, _names(variants), rounds)


@main.command()
@_model
@_size
@_batch
@_steps
@click.option("--objective", default="sat", show_default=True)
@click.option("--along", default=",".join(GROWTH), show_default=True, help="Of width, depth, batch and size.")
@click.option("--values", default="", help="Values of a single --along; default a fixed few.")
@click.option("--variants", default=",".join(GROWTH_VARIANTS), show_default=True, help="Comma-separated.")
@click.option("--rounds", default=2, show_default=True, help="Samples of each variant.")
@_updates
@_device
@_results
def growth(
    model: str,
    size: int,
    batch: int,
    steps: int,
    objective: str,
    along: str,
    values: str,
    variants: str,
    rounds: int,
    updates: int,
    device: str,
    results: Path,
) -> None:
    """How the rates change with one thing at a time."""
    base = Setting(model, size, batch, objective, steps)
    axes = _names(along)
    if unknown := [axis for axis in axes if axis not in GROWTH]:
        raise click.UsageError(f"--along takes {', '.join(GROWTH)}, got {', '.join(unknown)}")
    if values and len(axes) != 1:
        raise click.UsageError(f"--values needs a single --along, got {along!r}; give one of {', '.join(GROWTH)}")
    found = [_along(base, axis, value) for axis in axes for value in _names(values) or GROWTH[axis]]
    _bench(device, results, updates).run("growth", list(dict.fromkeys(found)), _names(variants), rounds)


@main.command("sample", hidden=True)
@click.argument("setting")
@click.argument("variant", type=click.Choice(VARIANTS))
@click.argument("updates", type=int)
@_device
def one_sample(setting: str, variant: str, updates: int, device: str) -> None:
    """One sample, as JSON."""
    print(json.dumps(sample(Setting(**json.loads(setting)), variant, pick_device(device), updates)))


@main.command("peak-once", hidden=True)
@_device
def one_peak(device: str) -> None:
    """The matmul peak, as JSON."""
    print(json.dumps(peak(pick_device(device))))


if __name__ == "__main__":
    main()
