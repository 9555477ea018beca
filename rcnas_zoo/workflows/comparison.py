"""A network that was trained again, beside the one that is stored."""

from dataclasses import asdict, dataclass
from typing import Any

from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.zoo.entry import WEIGHTS, Entry

WORST = "worst case"


@dataclass(frozen=True)
class Retrained:
    """What came of a training that was repeated.

    Attributes:
        stored: the entry whose record was followed.
        entry: the entry that was made.
        training: how it was trained.
        fraction: share of the stored training that this was, in (0, 1].
    """

    stored: Entry
    entry: Entry
    training: TrainingJob
    fraction: float

    @property
    def images(self) -> int:
        """Number of images that were trained on."""
        return len(self.training.source.splits().train)

    @property
    def identical(self) -> bool:
        """Whether the weights files are equal, bit by bit."""
        stored = self.stored.record.files.get(WEIGHTS)
        return stored is not None and stored == self.entry.record.files[WEIGHTS]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo retrain --json` prints it."""
        stored, made = self.stored.record, self.entry.record
        return {
            "name": stored.name,
            "folder": str(self.entry.folder.absolute()),
            "digest": made.spec_digest,
            "seed": self.training.seed,
            "fraction": self.fraction,
            "epochs": self.training.recipe.epochs,
            "images": self.images,
            "identical": self.identical,
            "weights": {"stored": stored.files.get(WEIGHTS), "retrained": made.files[WEIGHTS]},
            "stored": asdict(stored.measured[0]) if stored.measured else None,
            "retrained": asdict(made.measured[0]),
        }


def accuracies(measured: Measurement) -> dict[str, float]:
    """Clean accuracy, the accuracy under each attack, and the worst case over them, in [0, 1]."""
    return {"clean": measured.clean_accuracy, **measured.attacks, WORST: measured.robust_accuracy}


def comparison_table(stored: Measurement, made: Measurement) -> str:
    """The accuracies of the new measurement beside the stored ones, each with its 95 % Wilson interval.

    The worst case over all attacks is among them only if these are the same.
    """
    ours, theirs = accuracies(made), accuracies(stored)
    if set(stored.attacks) != set(made.attacks) or len(stored.attacks) < 2:
        del ours[WORST]
    names = [*(name for name in theirs if name in ours), *(name for name in ours if name not in theirs)]
    missing = ("-", "-")
    rows = [
        [name, *(_cells(theirs[name], stored) if name in theirs else missing), *_cells(ours[name], made)]
        for name in names
    ]
    return render_table(["attack", "stored", "95 % interval", "retrained", "95 % interval"], rows)


def _cells(accuracy: float, measured: Measurement) -> tuple[str, str]:
    low, high = wilson(round(accuracy * measured.samples), measured.samples)
    return percent(accuracy), f"{percent(low)} to {percent(high)}"


def retrained_text(made: Retrained) -> str:
    """The comparison for people."""
    training = made.training
    lines = [
        f"{made.stored.record.name}, trained again: epochs {training.recipe.epochs}, images {made.images} of "
        f"{training.source.name}, seed {training.seed}, fraction {made.fraction:g}",
        "",
        *_compared(made.stored.record.measured, made.entry.record.measured[0]),
        "",
        _weights(made),
        f"written to {made.entry.folder}",
    ]
    return "\n".join(lines)


def _compared(stored: tuple[Measurement, ...], made: Measurement) -> list[str]:
    if not stored:
        rows = [[name, *_cells(value, made)] for name, value in accuracies(made).items()]
        return [
            render_table(["attack", "retrained", "95 % interval"], rows),
            "the stored entry has no measurement to compare with",
        ]
    first = stored[0]
    lines = [comparison_table(first, made), "", f"threat {made.threat}, {made.samples} test images"]
    if first.data_digest != made.data_digest:
        lines.append(f"warning: the stored entry was measured on other images ({first.samples} of {first.dataset})")
    return lines


def _weights(made: Retrained) -> str:
    stored, ours = (entry.record.files.get(WEIGHTS, "")[:12] for entry in (made.stored, made.entry))
    if not stored:
        return f"weights: sha256 {ours}...; the stored entry has none"
    if made.identical:
        return f"weights: identical to the stored ones, sha256 {ours}..."
    return f"weights: not identical to the stored ones, sha256 {ours}... instead of {stored}..."
