"""What the attacks of an evaluation have found so far, and what may be told from it."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.evaluation.anytime import DEFAULT_PRIOR, Prior
from rcnas_zoo.evaluation.ledger import UNKNOWN, Ledger
from rcnas_zoo.evaluation.report import FAILED, worst_predictions
from rcnas_zoo.evaluation.sampling import Estimate, estimate
from rcnas_zoo.spec.errors import RcnasError, Unavailable


@dataclass
class Findings:
    """What the attacks have found so far.

    Attributes:
        labels: (N,) int64, on the CPU.
        predictions: attack name to the class (N,) that the model sees.
        settings: attack name to the settings that it ran with, for all that ran.
        joint: the attacks that saw only what others had left; their accuracies are those of all attacks up to them.
        seconds: what they took, together.
        estimate: of an attack that ended early; None if none did.
        failures: attack name to what it raised.
        flags: of attacks that failed, had no turn or saw a sample alone.
    """

    labels: Tensor
    predictions: dict[str, Tensor] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    joint: set[str] = field(default_factory=set)
    seconds: float = 0.0
    estimate: Estimate | None = None
    failures: dict[str, Exception] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)

    @property
    def standing(self) -> Tensor:
        """Which images withstand every attack so far: bool (N,)."""
        return self.worst == self.labels

    @property
    def worst(self) -> Tensor:
        """(N,) int64, what the model sees in what breaks an image, of the cheapest attack that does; else the label."""
        return worst_predictions(self.predictions, self.labels)

    def add(self, attack: Attack, ledger: Ledger, numbers: Tensor) -> None:
        """Takes what a ledger knows of the images of these places, in their order, which is random if it is not all.

        Images that are not among them keep what broke them before.
        """
        self._note(attack, ledger)
        if not len(ledger.missing(numbers)):
            self._take(attack, ledger)
            return
        found = self.estimated(ledger, numbers, attack.name)
        if not found.drawn:
            self.skip(attack, ledger)
            return
        self.estimate = found
        self.joint.add(attack.name)
        self.flags.append(
            f"estimated: {attack.name} saw {found.drawn} of the {found.standing} images that stood; the robust "
            "accuracy and its interval are told from these"
        )

    def fail(self, attack: Attack, ledger: Ledger, error: Exception) -> None:
        """Takes note of an attack that raised, and keeps what it had broken."""
        self._note(attack, ledger)
        self.failures[attack.name] = error
        seen = int((ledger.predictions != UNKNOWN).sum())
        told = str(error) if isinstance(error, RcnasError) else f"{type(error).__name__}: {error}"
        self.flags.append(f"{FAILED}{attack.name} ended after {seen} of {len(self.labels)} images: {told}")
        if seen:
            self._take(attack, ledger)

    def skip(self, attack: Attack, ledger: Ledger) -> None:
        """Takes note of an attack that had no turn, or none that a number could be told from."""
        seen = int((ledger.predictions != UNKNOWN).sum())
        self.flags.append(f"not-run: the time limit left {attack.name} too little time ({seen} images)")

    def estimated(self, ledger: Ledger, numbers: Tensor, name: str = "") -> Estimate:
        """What an attack would find on all images, told from those it has seen.

        Only images before the first one without a verdict count: who is quicker to be attacked may be easier to break.
        """
        unseen = (ledger.predictions[numbers] == UNKNOWN).nonzero().flatten()
        first = int(unseen[0]) if len(unseen) else len(numbers)
        seen = torch.zeros_like(self.standing)
        seen[numbers[:first]] = True
        attacked = self.standing & seen
        # After other attacks few images break; after none, any share may.
        prior = DEFAULT_PRIOR if len(self.predictions) > 1 else Prior(1.0, 1.0)
        broken = attacked & (ledger.predictions != self.labels)
        return estimate(self.standing, attacked, broken, attack=name, prior=prior)

    def check_any(self, asked: int) -> None:
        """At least one attack gave verdicts, of so many that were asked for.

        Raises:
            Exception: what the first attack raised, if all that ran failed.
            Unavailable: time was over before any.
        """
        if not asked or len(self.predictions) > 1 or self.estimate is not None:
            return
        if self.failures:
            raise next(iter(self.failures.values()))
        raise Unavailable(
            "the time limit must leave time for an attack, but it was over before one had verdicts; raise it"
        )

    def _note(self, attack: Attack, ledger: Ledger) -> None:
        self.settings[attack.name] = ledger.settings or attack.settings
        self.seconds += ledger.seconds

    def _take(self, attack: Attack, ledger: Ledger) -> None:
        seen = ledger.predictions != UNKNOWN
        if not seen.all():
            self.joint.add(attack.name)
        self.predictions[attack.name] = torch.where(seen, ledger.predictions, self.worst)
