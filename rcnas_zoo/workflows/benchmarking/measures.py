"""What every network of a benchmark is attacked with on the test split, and on which images: one rule for all rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings

WHOLE = ("pgd-20", "cw-40")
"""On every test image, whatever is asked."""
PART = ("autoattack",)
"""On a subset of them, whatever is asked."""
CURVE = "pgd-20"
"""The attack of every radius, as in RC-NAS Table 2; one of `WHOLE`."""
MOST_PASSES = 500
"""What an attack on every test image may cost: passes through the network of an image that stands, a gradient two."""


@dataclass(frozen=True)
class Measure:
    """An attack on test images.

    Attributes:
        attack: its name.
        threat: norm and radius.
        samples: how many images, a seeded choice; 0 for all.
    """

    attack: str
    threat: ThreatModel
    samples: int = 0


@dataclass(frozen=True)
class Measures:
    """What a network is asked on the test split.

    Attributes:
        threat: of everything but the radii.
        whole: attacks on every test image.
        part: attacks on a subset.
        samples: images of the subset.
        radii: threats of the security curve, ascending, the benchmark's own among them; empty if there is none.
    """

    threat: ThreatModel
    whole: tuple[str, ...]
    part: tuple[str, ...]
    samples: int
    radii: tuple[ThreatModel, ...] = ()

    @property
    def each(self) -> tuple[Measure, ...]:
        """One attack, threat and choice of images after another; none stands there twice."""
        whole = [Measure(name, self.threat) for name in self.whole]
        part = [Measure(name, self.threat, self.samples) for name in self.part]
        return (*whole, *part, *(Measure(CURVE, threat) for threat in self.radii if threat != self.threat))


def measures_of(task: Task, settings: TaskBenchmarkSettings, threat: ThreatModel, classes: int) -> Measures:
    """What every row is measured under: the usual attacks, the task's own, and those that the settings add.

    An attack goes to every test image if one that stands costs at most `MOST_PASSES` passes (``fgsm``, ``pgd-N`` and
    ``cw-N`` up to 250 steps, ``apgd-ce``, ``apgd-dlr``, ``naa``), else to the subset. So do those of torchattacks,
    whose cost nobody knows beforehand.

    Args:
        task: whose own attack belongs to the measures.
        settings: further attacks and radii, and how large the subset is.
        threat: what the benchmark is about.
        classes: of the data set.

    Raises:
        InvalidInput: an attack that cannot be made for this threat or so many classes.
    """
    asked = (str(task.attack), *settings.attacks)
    more = [name for name in dict.fromkeys(asked) if name not in ("clean", *WHOLE, *PART)]
    dear = {name: _is_dear(name, threat, classes) for name in more}
    return Measures(
        threat=threat,
        whole=(*WHOLE, *(name for name in more if not dear[name])),
        part=(*PART, *(name for name in more if dear[name])),
        samples=settings.subset_samples,
        radii=_radii(threat, settings.radii),
    )


def _is_dear(name: str, threat: ThreatModel, classes: int) -> bool:
    parsed = AttackName.parse(name)
    return make_attack(parsed, threat, classes).effort > MOST_PASSES or bool(parsed.peer)


def _radii(own: ThreatModel, radii: Iterable[str]) -> tuple[ThreatModel, ...]:
    threats = {ThreatModel.of(own.norm, radius) for radius in radii}
    return tuple(sorted(threats | {own}, key=lambda threat: threat.radius)) if threats else ()
