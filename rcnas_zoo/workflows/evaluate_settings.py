"""What is asked of a network."""

from dataclasses import dataclass

from rcnas_zoo.evaluation.limits import Limits
from rcnas_zoo.spec.attack import PROTOCOLS, AttackName
from rcnas_zoo.spec.canonical import check_choice, check_integer
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel


@dataclass(frozen=True)
class EvaluateSettings:
    """What is asked of a network.

    Attributes:
        attacks: attack names.
        threat: threat model; None takes the one it was trained against, else the data set's default.
        dataset: data set; None takes the one it was trained for.
        samples: a fixed, seeded choice of that many test images; 0 takes all.
        seed: seed of that choice and of the attacks.
        track: keep the evaluation as an MLflow run.
        protocol: how ``pgd-N`` and ``cw-N`` climb: ``default``, ``rrn`` or ``rdnas``.
        time_limit: seconds after which no further batch is begun; 0 for no limit.
        tolerance: the dearest attack runs on a sample until the robust accuracy is known so well; 0 for all images.
        resume: go on with the evaluation of before; refused if it was of something else.
        source: zoo name, entry folder or ``FILE.py:FUNCTION`` of the network that images are attacked on (a transfer
            test); empty for the network itself.
        radii: further radii in the norm of the threat, such as ``2/255``, for a security curve.
        lint: look for signs that the numbers deceive.
    """

    attacks: tuple[str, ...] = ("pgd-20",)
    threat: ThreatModel | None = None
    dataset: str | None = None
    samples: int = 0
    seed: int = 0
    track: bool = False
    protocol: str = "default"
    time_limit: float = 0.0
    tolerance: float = 0.0
    resume: bool = False
    source: str = ""
    radii: tuple[str, ...] = ()
    lint: bool = False

    def __post_init__(self) -> None:
        check_integer("the samples", self.samples, 0)
        check_integer("the seed", self.seed, 0, 2**31 - 1)
        check_choice("a protocol", self.protocol, PROTOCOLS)
        for name in self.attacks:
            AttackName.parse(name)
        if self.limits.any and self.radii:
            raise InvalidInput(
                "a security curve needs whole verdicts at every radius, got --radii with a limit; leave one out"
            )

    @property
    def limits(self) -> Limits:
        """When the evaluation may end with an estimate."""
        return Limits(self.time_limit or None, self.tolerance or None)
