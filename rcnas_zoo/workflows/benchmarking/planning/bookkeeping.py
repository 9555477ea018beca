"""What an attack takes beside its passes through a network: measured on a network that costs next to nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.spec.attack import STEPPED_ATTACKS, AttackName
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.planning.attack_steps import parts_of, shortened
from rcnas_zoo.workflows.benchmarking.planning.figures import Line
from rcnas_zoo.workflows.benchmarking.planning.probe import Stopwatch

FEW, MANY = 8, 64


@dataclass(frozen=True)
class BookkeepingProbe:
    """Measures an attack's bookkeeping; travels to a worker process.

    Attributes:
        attack: its name; of the attacks by gradients and of AutoAttack it is measured, of others it is left out.
        threat: what it attacks under.
        source: where the images are.
        device: as of a `TrainingJob`.
    """

    attack: str
    threat: ThreatModel
    source: DataSource
    device: str

    def measure(self) -> Line:
        """Seconds for images that stand to the end."""
        images = self.source.splits().train.select(list(range(MANY)))
        classes = self.source.dataset().classes
        points, labels = images.floats().to(self.device), images.labels.to(self.device)
        trivial = nn.Sequential(nn.Flatten(), nn.Linear(points[0].numel(), classes)).to(self.device).eval()
        line = Line(0.0, 0.0)
        for attack, times in self._attacks(classes):
            line += self._line(attack, trivial, points, labels).times(times)
        return line

    def _attacks(self, classes: int) -> list[tuple[Attack, float]]:
        """What is timed, and how many times as long the attack is."""
        parts = parts_of(self.attack, classes)
        if parts:
            return [shortened(part, classes, self.threat) for part in parts]
        name = AttackName.parse(self.attack)
        known = name.family in (*STEPPED_ATTACKS, "fgsm")
        return [(make_attack(name, self.threat, classes).to_the_end(), 1.0)] if known else []

    def _line(self, attack: Attack, model: nn.Module, points: Tensor, labels: Tensor) -> Line:
        stopwatch, victim = Stopwatch(torch.device(self.device)), Victim(model)

        def on(count: int) -> Callable[[], Tensor]:
            return lambda: attack.perturb_seeded(victim, points[:count], labels[:count], list(range(count)))

        stopwatch.once(on(FEW))
        return Line.through(FEW, stopwatch.once(on(FEW)), MANY, stopwatch.once(on(MANY)))
