"""A network on common corruptions of a test set: noise, blur, weather; no attacker."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.candidates.training import threads_for
from rcnas_zoo.datasets.corrupted import Corruptions, load_corruptions
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.batching import LARGEST
from rcnas_zoo.evaluation.inputs import check_inputs, checked_logits
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.subject import Subject, find_subject


@dataclass(frozen=True)
class Withstood:
    """A network under one corruption.

    Attributes:
        right: of each severity, the mildest first, the number of images classified rightly.
        samples: number of images of each severity, the same ones corrupted more and more.
    """

    right: tuple[int, ...]
    samples: int

    @property
    def accuracies(self) -> tuple[float, ...]:
        """Share of right images of each severity, in [0, 1]."""
        return tuple(right / self.samples for right in self.right)

    @property
    def mean(self) -> float:
        """Mean accuracy over the severities, in [0, 1]."""
        return sum(self.right) / (self.samples * len(self.right))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the mean accuracy, with a trial for each of the ``samples`` images.

        The severities show the same images. Counted as trials of their own they would feign an accuracy that is known
        better than it is; counted once, the interval is at most too wide.
        """
        return wilson(round(self.mean * self.samples), self.samples)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "accuracies": list(self.accuracies),
            "mean": self.mean,
            "interval": list(self.interval),
            "samples": self.samples,
        }


@dataclass(frozen=True)
class CorruptionReport:
    """A network under common corruptions.

    Attributes:
        model: what it is called.
        source: the file or folder of the corruptions.
        corruptions: name to what was found, in their order there.
    """

    model: str
    source: Path
    corruptions: dict[str, Withstood]

    @property
    def samples(self) -> int:
        """Number of corrupted images that were classified, in all."""
        return sum(found.samples * len(found.right) for found in self.corruptions.values())

    @property
    def mean_accuracy(self) -> float:
        """Mean accuracy over the corruptions, each of which weighs the same, in [0, 1]."""
        return sum(found.mean for found in self.corruptions.values()) / len(self.corruptions)

    @property
    def mean_corruption_error(self) -> float:
        """1 - ``mean_accuracy``.

        It is not normalised: Hendrycks and Dietterich 2019 divide the error under each corruption by that of AlexNet,
        which would have to be measured on the same images. So it does not stand beside their mCE.
        """
        return 1 - self.mean_accuracy

    @property
    def worst(self) -> str:
        """The corruption of the lowest mean accuracy; of equal ones the first."""
        return min(self.corruptions, key=lambda name: self.corruptions[name].mean)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo corruptions --json` prints it."""
        return {
            "model": self.model,
            "source": str(self.source),
            "samples": self.samples,
            "mean_accuracy": self.mean_accuracy,
            "mean_corruption_error": self.mean_corruption_error,
            "worst": self.worst,
            "corruptions": {name: found.to_dict() for name, found in self.corruptions.items()},
        }


def measure_corruptions(
    model: str,
    path: Path,
    severities: int | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
) -> CorruptionReport:
    """Classifies corrupted images in float32, one corruption in memory at a time.

    Args:
        model: a zoo name, an entry folder, or ``FILE.py:FUNCTION``.
        path: an ``.npz`` file or a folder of ``.npy`` files, as for `load_corruptions`.
        severities: of every corruption; None finds it out.
        machine: where it runs; its device alone counts.
        observer: who watches.

    Raises:
        InvalidInput: damaged images, or some that do not fit the network; or the user's function fails.
        NotFound: the entry, its weights or the corruptions are absent.
        IntegrityError: the entry is damaged.
    """
    subject, watcher = find_subject(model, machine or Machine()), observer or Silent()
    spec = subject.entry.spec if subject.entry else None
    shape, classes = (spec.input.shape, spec.classes) if spec else (None, None)
    corruptions = load_corruptions(path, shape, classes, severities)
    threads = threads_for(spec, available_cores()) if spec else available_cores()
    with torch_threads(threads), untouched(subject.network):
        return CorruptionReport(model, path, _measure(subject, corruptions, watcher))


def _measure(subject: Subject, corruptions: Corruptions, observer: Observer) -> dict[str, Withstood]:
    label, found = f"corruptions of {subject.text}", {}
    for place, name in enumerate(corruptions):
        observer.progress(label, place, len(corruptions), name)
        found[name] = _withstood(subject.network, corruptions[name], observer, name)
    observer.progress(label, len(corruptions), len(corruptions))
    return found


def _withstood(network: nn.Module, severities: tuple[Images, ...], observer: Observer, name: str) -> Withstood:
    size = len(severities[0])
    total, right = size * len(severities), []
    for place, images in enumerate(severities):
        count = 0
        for judged, verdict in _verdicts(network, images):
            count += int(verdict.sum())
            observer.progress(name, size * place + judged, total, f"severity {place + 1}")
        right.append(count)
    return Withstood(tuple(right), size)


def _verdicts(network: nn.Module, images: Images) -> Iterator[tuple[int, Tensor]]:
    """Batch by batch, how many images were judged so far and which of the batch are right: bool (n,)."""
    examples, judged = check_inputs(network, images.floats(), images.labels), 0
    for some, labels in examples.batches(LARGEST.get(examples.device.type, LARGEST["cuda"])):
        judged += len(labels)
        yield judged, checked_logits(network, some).argmax(1) == labels
