"""Writes docs/benchmarks.md out of the results of the other benchmarks.

python benchmarks/report.py [--results DIR] [--to FILE]

A benchmark whose results are absent has no section.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import report_ablations
import report_anytime
import report_attack_growth
import report_attack_parity
import report_attacks
import report_gpu
import report_parity
import report_pruning
import report_rows
import report_search_training
import report_speed
from results import FOLDER, Results

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
INTRODUCTION = """# Benchmarks of training and attacks

How fast adversarial training is here, and what the speed costs. Every number comes out of the scripts in `benchmarks/`,
which can be run by hand; `python benchmarks/report.py` writes this page out of their results.

**The plain loop** is adversarial training as the authors' repositories write it, in our own words
(`benchmarks/plain_loop.py`): PIL images through torchvision transforms and a DataLoader, float32, tensors as they come,
`torch.optim.SGD`, eval mode and `torch.autograd.grad` while attacking. `plain` follows the RobustResNet code
(parameters frozen while attacking, the natural prediction of TRADES computed once), `script` the scripts of TRADES and
MART (not frozen, the natural batch forwarded again in every step of the attack of TRADES). **Ours** is what
`rcnas-zoo train` runs.
"""


def document(folder: Path) -> str:
    """The page."""
    return "\n".join([INTRODUCTION, *sections(folder)])


def sections(folder: Path) -> Iterator[str]:
    """A section for each benchmark that has results."""
    for device in ("cpu", "cuda"):
        path = folder / f"training-{device}.json"
        if path.is_file():
            yield report_speed.section(Results.read(path))
    if (folder / "gpu.json").is_file():
        yield report_gpu.section(Results.read(folder / "gpu.json"))
    if (folder / "workers.json").is_file():
        yield report_rows.workers(Results.read(folder / "workers.json"))
    if files := sorted((folder / "parity").glob("*-*.json")):
        yield report_parity.section(files)
    if (folder / "rows.json").is_file():
        yield report_rows.methods(Results.read(folder / "rows.json"))
    if (folder / "plan-error.json").is_file():
        yield report_rows.plans(Results.read(folder / "plan-error.json"))
    if (folder / "pruning.json").is_file():
        yield report_pruning.section(Results.read(folder / "pruning.json"))
    if (folder / "attacks-cpu.json").is_file():
        yield report_attacks.section(Results.read(folder / "attacks-cpu.json"))
    if (folder / "attack-parity.json").is_file():
        yield report_attack_parity.section(Results.read(folder / "attack-parity.json"))
    if (folder / "attack-growth.json").is_file():
        yield report_attack_growth.section(Results.read(folder / "attack-growth.json"))
    if (folder / "anytime.json").is_file():
        yield report_anytime.section(Results.read(folder / "anytime.json"))
    if (folder / "ablations.json").is_file():
        yield report_ablations.section(Results.read(folder / "ablations.json"))
    if (folder / "search_training.json").is_file():
        yield report_search_training.section(Results.read(folder / "search_training.json"))


@click.command(help=__doc__)
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
@click.option("--to", type=click.Path(path_type=Path), default=DOCUMENT, show_default=True)
def main(results: Path, to: Path) -> None:
    to.write_text(document(results))
    print(to)


if __name__ == "__main__":
    main()
