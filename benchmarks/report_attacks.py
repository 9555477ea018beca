"""The section on attacks: time and verdicts of each library."""

from collections.abc import Iterator
from statistics import median

from pairs import unpacked
from report_text import machine_line, paragraph, table
from results import Results, Row

PEERS = ("torchattacks", "official", "foolbox", "art")


def section(results: Results) -> str:
    """A row for each network, attack and library, of the numbers of images measured last."""
    cases = dict.fromkeys((row["model"], row["attack"]) for row in results.rows)
    rows = [cells for model, attack in cases for cells in _case(results, model, attack)]
    text = paragraph(
        "Networks trained here on Fashion-MNIST by one-step adversarial training at linf@1/10, real test images, the "
        "whole evaluation timed, each sample in a fresh process on all cores, rounds in turn with a seed each. 'Batch' "
        "is the most images at a time. torchattacks runs AutoAttack from its parts in the official settings; foolbox "
        "has none, and that of the Adversarial Robustness Toolbox (art) is not the standard version: without FAB and "
        "targets, with DeepFool. Agreement: images with the same verdict as ours under the same seed number; 'itself' "
        "is our own verdict under another seed. 'x ours' is the seconds of a library over ours of the same round."
    )
    header = ["network, attack", "library", "images", "batch", "rounds", "seconds", "x ours", "survive", "agreement"]
    return "\n".join(["## Attacks\n", text, machine_line(results.machine), table(header, rows)])


def _case(results: Results, model: str, attack: str) -> Iterator[list[str]]:
    images = results.find(model=model, attack=attack)[-1]["images"]
    found = results.find(model=model, attack=attack, images=images)
    ours = _by_seed(found, "ours")
    for library in ("ours", *PEERS):
        if rows := _by_seed(found, library):
            sizes = [str(number) for number in (images, max(row["batch"] for row in rows.values()), len(rows))]
            compared = _itself(ours) if library == "ours" else _compared(ours, rows)
            yield [f"{model}, {attack}", library, *sizes, _seconds(rows), compared[0], _survivors(rows), compared[1]]


def _compared(ours: dict[int, Row], theirs: dict[int, Row]) -> tuple[str, str]:
    both = sorted(ours.keys() & theirs.keys())
    ratios = [theirs[seed]["seconds"] / ours[seed]["seconds"] for seed in both]
    ratio = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "-"
    return ratio, _share([_agreement(ours[seed], theirs[seed]) for seed in both])


def _itself(ours: dict[int, Row]) -> tuple[str, str]:
    values = [_agreement(ours[a], ours[b]) for a, b in zip(sorted(ours), sorted(ours)[1:], strict=False)]
    return "1", f"{_share(values)} itself" if values else "-"


def _by_seed(rows: list[Row], library: str) -> dict[int, Row]:
    return {row["seed"]: row for row in rows if row["library"] == library}


def _seconds(rows: dict[int, Row]) -> str:
    return f"{median(row['seconds'] for row in rows.values()):.1f}" if rows else "-"


def _survivors(rows: dict[int, Row]) -> str:
    return ", ".join(str(rows[seed]["survived"]) for seed in sorted(rows))


def _agreement(one: Row, other: Row) -> float:
    verdicts = [unpacked(row["verdict"], row["images"]) for row in (one, other)]
    return float((verdicts[0] == verdicts[1]).double().mean())


def _share(values: list[float]) -> str:
    return f"{100 * median(values):.1f} %" if values else "-"
