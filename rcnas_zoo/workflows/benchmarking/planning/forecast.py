"""What work takes, from the figures of this machine. Nothing is measured here."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.batching import Batching
from rcnas_zoo.evaluation.evaluate import FLAGGED_IMAGES
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.batches import batch_count
from rcnas_zoo.training.selection import Selection
from rcnas_zoo.workflows.benchmarking.planning.attack_steps import parts_of, steps_of
from rcnas_zoo.workflows.benchmarking.planning.figures import Figures, Line
from rcnas_zoo.workflows.benchmarking.planning.work import Look, RowWork, Training, Work

STANDING = {"autoattack": 0.6, "": 0.75}
"""The share of images that an attack is taken to work at to its end: those that it breaks leave early, and nobody
knows before how many. Trained digits keep 0.7 to 0.8 under PGD and 0.55 to 0.65 under AutoAttack."""
STUDY_SECONDS = 0.3
"""Of a study: its run, its trials and the files of the cache."""
_ANY = ThreatModel.parse("linf@1/10")


@dataclass(frozen=True)
class RowForecast:
    """What a row would take.

    Attributes:
        method: which.
        infeasible: why it cannot be tried; empty if it can.
        networks: trained and attacked in a trial.
        seconds: of one worker, for each seed, as if nothing were shared with other rows.
        peak_bytes: the most memory of its process.
    """

    method: str
    infeasible: str = ""
    networks: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Forecaster:
    """Reads times out of figures.

    Attributes:
        figures: of this machine.
        device: type of the device, such as ``cpu``.
        classes: of the data set.
    """

    figures: Figures
    device: str
    classes: int

    def row(self, row: RowWork, trials: int) -> RowForecast:
        """What a row takes."""
        if row.infeasible:
            return RowForecast(row.method, row.infeasible)
        seconds = STUDY_SECONDS + trials * self.seconds(row.trial) + self.seconds(row.test)
        return RowForecast(row.method, "", row.networks, seconds, self.peak(row.trial + row.test))

    def seconds(self, work: Work) -> float:
        """Of one worker."""
        trained = sum(times * self.training_seconds(each) for times, each in work.trainings)
        return trained + sum(times * self.look_seconds(each) for times, each in work.looks) + work.thinking

    def peak(self, work: Work) -> int:
        """The most memory of a process that does the work."""
        specs = {each.spec for _, each in work.trainings} | {look.spec for _, look in work.looks}
        return max((self.figures.networks[spec].peak_bytes for spec in specs), default=0)

    def training_seconds(self, training: Training) -> float:
        """Updates, the look at the logits after each epoch, and the choice among the epochs."""
        recipe = training.recipe
        updates = recipe.epochs * training.images * self.figures.training(training)
        forward = self.figures.networks[training.spec].forward
        finite = recipe.epochs * self._in_batches(forward, training.evaluation, recipe.batch_size)
        selection = Selection(torch.empty(0), torch.empty(0), recipe, 0)
        chosen = sum(map(selection.considers, range(1, recipe.epochs + 1)))
        look = Look(training.spec, recipe.selection_attack, training.evaluation)
        return updates + finite + (chosen * self.look_seconds(look) if chosen else 0.0)

    def look_seconds(self, look: Look) -> float:
        """Two passes that look for flags, one over the images as they are, and the attack."""
        network = self.figures.networks[look.spec]
        flags = network.gradient.times(2).at(min(look.images, FLAGGED_IMAGES))
        attack = make_attack(AttackName.parse(look.attack), _ANY, self.classes)
        size = Batching(nominal_cost(look.spec).macs, self.device).size(attack, look.images)
        clean = self._in_batches(network.forward, look.images, size)
        standing = Line(0.0, self.standing(look.attack))
        attacked = self.attack_line(look)
        batches = batch_count(look.images, size)
        return flags + 2 * clean + batches * attacked.fixed + attacked.each * standing.at(look.images)

    def attack_line(self, look: Look) -> Line:
        """Of an attack on images that stand to the end."""
        network, steps = self.figures.networks[look.spec], steps_of(look.attack, self.classes)
        passes = network.gradient.times(steps.gradients) + network.forward.times(steps.forwards)
        return passes + self.figures.bookkeeping.get(look.attack, Line(0.0, 0.0))

    def standing(self, attack: str) -> float:
        """The share of images that are worked at to the end."""
        return STANDING["autoattack" if parts_of(attack, self.classes) else ""]

    @staticmethod
    def _in_batches(line: Line, images: int, size: int) -> float:
        return batch_count(images, size) * line.fixed + images * line.each


def paid(rows: Sequence[RowWork], forecaster: Forecaster, trials: int) -> list[float]:
    """Seconds of each study of one seed, where what several rows share is paid by the first of them.

    Rows that do the same share all of it; others share trainings that are the same at their first trial.
    """
    found: list[float] = []
    seen: set[RowWork] = set()
    trained: set[Training] = set()
    for row in rows:
        seconds = forecaster.row(row, trials).seconds
        if row.same in seen:
            seconds = STUDY_SECONDS
        elif not row.infeasible:
            seconds -= sum(forecaster.training_seconds(each) for each in row.trial.whole if each in trained)
            seen.add(row.same)
            trained.update(row.trial.whole)
        found.append(seconds)
    return found
