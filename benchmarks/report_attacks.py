"""The section on attacks: time and verdicts of each library."""

from statistics import median

from pairs import unpacked
from report_text import machine_line, paragraph, table
from results import Results, Row

PEER = "torchattacks"


def section(results: Results) -> str:
    """A row for each network, attack and library, of the numbers of images measured last."""
    cases = dict.fromkeys((row["model"], row["attack"]) for row in results.rows)
    rows = [cells for model, attack in cases for cells in _case(results, model, attack)]
    text = paragraph(
        "Networks trained here on Fashion-MNIST by one-step adversarial training at linf@1/10, real test images, the "
        "whole evaluation timed, each sample in a fresh process on all cores, rounds in turn with a seed each. "
        "torchattacks runs AutoAttack from its parts in the official settings. Agreement: images with the same verdict "
        "under the same seed number; 'itself' is our own verdict under another seed. A ratio above 1 is in our favour."
    )
    header = ["network, attack", "images", "rounds", "library", "seconds", "ratio", "survive", "agreement"]
    return "\n".join(["## Attacks\n", text, machine_line(results.machine), table(header, rows)])


def _case(results: Results, model: str, attack: str) -> list[list[str]]:
    images = results.find(model=model, attack=attack)[-1]["images"]
    found = results.find(model=model, attack=attack, images=images)
    ours, theirs = (_by_seed(found, name) for name in ("ours", PEER))
    both = sorted(ours.keys() & theirs.keys())
    ratios = [theirs[seed]["seconds"] / ours[seed]["seconds"] for seed in both]
    ratio = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "-"
    agreements = [_agreement(ours[seed], theirs[seed]) for seed in both]
    itself = [_agreement(ours[a], ours[b]) for a, b in zip(sorted(ours), sorted(ours)[1:], strict=False)]
    name = f"{model}, {attack}"
    return [
        [name, str(images), str(len(theirs)), PEER, _seconds(theirs), "1", _survivors(theirs), _share(agreements)],
        [name, str(images), str(len(ours)), "ours", _seconds(ours), ratio, _survivors(ours), _itself(itself)],
    ]


def _by_seed(rows: list[Row], library: str) -> dict[int, Row]:
    return {row["seed"]: row for row in rows if row["library"] == library}


def _seconds(rows: dict[int, Row]) -> str:
    return f"{median(row['seconds'] for row in rows.values()):.1f}" if rows else "-"


def _survivors(rows: dict[int, Row]) -> str:
    return ", ".join(str(rows[seed]["survived"]) for seed in sorted(rows))


def _agreement(one: Row, other: Row) -> float:
    verdicts = [unpacked(row["verdict"], row["images"]) for row in (one, other)]
    return float((verdicts[0] == verdicts[1]).double().mean())


def _itself(values: list[float]) -> str:
    return f"{_share(values)} itself" if values else "-"


def _share(values: list[float]) -> str:
    return f"{100 * median(values):.1f} %" if values else "-"
