"""A short measurement of one network: real updates and real passes, on the task's own images."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.losses import LOSSES
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import threads_for
from rcnas_zoo.evaluation.batching import LARGEST
from rcnas_zoo.evaluation.engine import quick_copy
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.build import build
from rcnas_zoo.pruning.magnitude import magnitude_masks
from rcnas_zoo.pruning.methods import learning
from rcnas_zoo.pruning.scores import fix_masks
from rcnas_zoo.pruning.target import target_of
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.training.batches import Batches, batch_count
from rcnas_zoo.training.constraint import Constraint
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.updates import Updates
from rcnas_zoo.workflows.benchmarking.planning.figures import Line, NetworkFigures
from rcnas_zoo.workflows.benchmarking.planning.work import Training

FEW, MANY = 8, LARGEST["cpu"]
"""Images of the two passes that a line is drawn through; attacks take as many at a time."""
GROWTH = 4
"""How many times as many images the next batch has, if there is time for it."""
TRIED = 4
"""Images of the first update, which tells how many there is time for."""
MOST_REPEATS = 5


@dataclass(frozen=True)
class Probe:
    """What is measured of a network; travels to a worker process.

    Attributes:
        spec: the network.
        trainings: of it.
        source: where the images are.
        device, threads: as of a `TrainingJob`.
        seconds: that it may take, about; slower networks are measured on fewer images.
    """

    spec: NetworkSpec
    trainings: tuple[Training, ...]
    source: DataSource
    device: str
    threads: int
    seconds: float

    def measure(self) -> NetworkFigures:
        """The figures of the network."""
        threads = threads_for(self.spec, self.threads)
        stopwatch = Stopwatch(torch.device(self.device), threads)
        share = self.seconds / (len(self.trainings) + 1)
        with torch_threads(threads):
            before = stopwatch.start_memory()
            gradient, forward, scale = self._passes(stopwatch, share)
            found = {}
            for training in self.trainings:
                found[training], part = self._image_seconds(training, gradient, stopwatch, share)
                scale = max(scale, 1 / part)
            peak = stopwatch.peak_memory()
        return NetworkFigures(gradient, forward, found, round(before + scale * (peak - before)))

    def _passes(self, stopwatch: "Stopwatch", share: float) -> tuple[Line, Line, float]:
        """A pass with a gradient to the images, one without, and how much larger the batches of attacks are."""
        model = build(self.spec, 0).to(torch.device(self.device)).eval()
        train = self.source.splits().train
        images = train.select(list(range(min(MANY, len(train)))))
        points, labels = images.floats().to(self.device), images.labels.to(self.device)
        with untouched(model):
            victim = Victim(model, quick_copy(model, points.device))

            def climb(count: int) -> None:
                victim.gradient(points[:count], lambda logits: LOSSES["cross-entropy"](logits, labels[:count]))

            def ask(count: int) -> None:
                with torch.no_grad():
                    victim.guess(points[:count])

            gradient, many = self._line(climb, len(points), stopwatch, share)
            forward, _ = self._line(ask, len(points), stopwatch, share)
        return gradient, forward, len(points) / many

    def _line(self, call: Callable[[int], None], most: int, stopwatch: "Stopwatch", share: float) -> tuple[Line, int]:
        """The line, and the images of the larger batch that there was time for."""
        stopwatch.once(partial(call, FEW))
        few = seconds = stopwatch.repeated(partial(call, FEW), share / 6)
        many = FEW
        while many < most and (many == FEW or GROWTH * seconds < share / 3):
            many = min(GROWTH * many, most)
            seconds = stopwatch.once(partial(call, many))
        return Line.through(FEW, few, many, stopwatch.repeated(partial(call, many), share / 3)), many

    def _image_seconds(
        self, training: Training, gradient: Line, stopwatch: "Stopwatch", share: float
    ) -> tuple[float, float]:
        """What an update takes for an image of a whole batch, and on which part of one that was measured.

        A part is scaled by what passes take, for on small networks an update of a few images takes as long as one of
        many.
        """
        model = build(self.spec, 0)
        constraint = _prepared_for(model, training)
        model.to(torch.device(self.device))
        tried, few = self._updates(model, training, constraint, TRIED)
        tried.run(0)  # what torch does but once is not to count
        pace = stopwatch.once(lambda: tried.run(1)) / gradient.at(few)
        whole = size = min(training.recipe.batch_size, training.images)
        while size > TRIED and pace * gradient.at(size) > share / 2:
            size //= 2
        updates, images = self._updates(model, training, constraint, max(TRIED, size))
        numbers = iter(range(1, MOST_REPEATS + 2))
        seconds = stopwatch.repeated(lambda: updates.run(next(numbers)), share / 2)
        # Batches are of equal size, and so a little smaller than they may be.
        whole = max(1, training.images // batch_count(training.images, whole))
        return seconds * gradient.at(whole) / gradient.at(images) / whole, min(1.0, images / whole)

    def _updates(
        self, model: nn.Module, training: Training, constraint: Constraint | None, batch_size: int
    ) -> tuple[Updates, int]:
        """Real updates in batches of at most so many images, and the images of one."""
        split = replace(self.source, train_size=training.images).splits().train
        recipe = training.recipe.with_changes(batch_size=batch_size)
        device = torch.device(self.device)
        batches = Batches.of(split, recipe, model, 0, device)
        updates = Updates.of(model, batches, Host(device, compile="off"), constraint)
        updates.network.train()
        return updates, max(1, len(split) // len(batches))


def _prepared_for(model: nn.Module, training: Training) -> Constraint | None:
    """Scores or masks, as the stage of a pruning has them; the masks themselves cost nothing."""
    recipe = training.pruning
    if recipe is None:
        return None
    target = target_of(training.spec, recipe)
    if training.stage == "prune":
        return learning(model, target, recipe).constraint
    fix_masks(model, magnitude_masks(model, target))
    return None


@dataclass(frozen=True)
class Stopwatch:
    """Seconds and bytes on a device.

    On a CPU it counts what this process computed, shared out among its threads, so that what else a machine does counts
    only as far as it slows that down. On an accelerator it counts the time until that is done.

    Attributes:
        device: where.
        threads: of torch.
    """

    device: torch.device
    threads: int = 1

    def now(self) -> float:
        """Seconds from some moment on."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
            return time.perf_counter()
        return time.process_time() / self.threads

    def once(self, call: Callable[[], object]) -> float:
        """Of one call; at least a microsecond."""
        started = self.now()
        call()
        return max(1e-6, self.now() - started)

    def repeated(self, call: Callable[[], object], limit: float) -> float:
        """The median of some calls after a first one, or that one if it alone takes longer than there is time."""
        found = [self.once(call)]
        while found[0] <= limit and (len(found) < 3 or sum(found) <= limit) and len(found) <= MOST_REPEATS:
            found.append(self.once(call))
        return median(found[1:] or found)

    def start_memory(self) -> int:
        """Begins to watch the memory; the bytes in use."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            return torch.cuda.memory_allocated(self.device)
        return peak_of_process()

    def peak_memory(self) -> int:
        """The most bytes since; of a process on a CPU, with all that it ever had."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return peak_of_process()


def peak_of_process() -> int:
    """The most bytes that this process had in memory so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
