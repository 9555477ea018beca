"""The attacks of an evaluation, one after the other, the cheapest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.evaluation.batching import Batching
from rcnas_zoo.evaluation.bench import Bench
from rcnas_zoo.evaluation.ledger import UNKNOWN, Attacked, Ledger, OpenLedger, in_memory
from rcnas_zoo.evaluation.limits import Clock, Limits
from rcnas_zoo.evaluation.report import worst_predictions
from rcnas_zoo.evaluation.sampling import Estimate, estimate
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.errors import RcnasError
from rcnas_zoo.spec.observer import Observer

SAMPLED_AT_ONCE = 64
"""Largest batch of a sample that grows until it suffices."""


class _Enough(Exception):
    """Ends an attack before all its images."""


@dataclass(frozen=True)
class Means:
    """What an evaluation works with, and what changes none of its results but for rounding.

    Attributes:
        workers: processes that share the images, each with one thread; None works here, with the threads of torch.
        open_ledger: where verdicts are kept.
    """

    workers: Workers | None = None
    open_ledger: OpenLedger = in_memory

    @property
    def count(self) -> int:
        """How many work at a time."""
        return self.workers.count if self.workers else 1


@dataclass(frozen=True)
class Campaign:
    """Runs attacks on a bench.

    Attributes:
        bench: the model and its images.
        seed: of every random choice.
        batching: how many images at a time.
        means: who works, and where verdicts go.
        limits: when it may stop.
        observer, label: who is told of the images done, and what the work is called.
    """

    bench: Bench
    seed: int
    batching: Batching
    means: Means
    limits: Limits
    observer: Observer
    label: str

    def run(self, attacks: Sequence[Attack]) -> "Findings":
        """The verdicts of attacks, of which the first is no attack at all and always runs on every image.

        Raises:
            Exception: what the first attack raised, if not one could be run.
        """
        clock = Clock(self.limits.seconds)
        labels, order = self.bench.examples.labels, self._order()
        findings = Findings(labels)
        clean, *others = attacks
        self._run(clean, findings, order, lambda ledger: False)
        for place, attack in enumerate(sorted(others, key=lambda attack: attack.effort)):
            sampled = self.limits.tolerance is not None and place == len(others) - 1
            if clock.is_up or findings.estimate is not None:
                findings.skip(attack)
                continue
            numbers = order[findings.standing[order]] if sampled else order
            enough = partial(self._is_enough, clock, findings, numbers, sampled)
            try:
                self._run(attack, findings, numbers, enough, sampled)
            except Exception as error:  # one that fails must not lose what the others found
                findings.failures[attack.name] = error
        findings.raise_if_all_failed(len(others))
        return findings

    def _order(self) -> Tensor:
        """Random where the images may not all have their turn, so that those that have are a fair sample."""
        count = len(self.bench.examples)
        if not self.limits.any:
            return torch.arange(count)
        return torch.randperm(count, generator=torch.Generator().manual_seed(self.seed))

    def _is_enough(self, clock: Clock, findings: "Findings", numbers: Tensor, sampled: bool, ledger: Ledger) -> bool:
        if clock.is_up:
            return True
        tolerance = self.limits.tolerance
        if not sampled or tolerance is None:
            return False
        found = findings.estimated(ledger, numbers)
        return found.drawn > 0 and found.tolerance <= tolerance

    def _run(
        self,
        attack: Attack,
        findings: "Findings",
        numbers: Tensor,
        enough: Callable[[Ledger], bool],
        sampled: bool = False,
    ) -> None:
        """One attack on the images of these places, in their order."""
        ledger = self.means.open_ledger(attack, len(self.bench.examples))
        missing = ledger.missing(numbers)
        if len(missing):
            attack = self.bench.fitted(attack, self.seed)
            try:
                if not enough(ledger):
                    self._attack(attack, ledger, numbers, enough, SAMPLED_AT_ONCE if sampled else len(missing))
            except _Enough:
                pass
        findings.add(attack, ledger, numbers)

    def _attack(
        self, attack: Attack, ledger: Ledger, numbers: Tensor, enough: Callable[[Ledger], bool], at_most: int
    ) -> None:
        missing = ledger.missing(numbers)
        size = min(at_most, self.batching.size(attack, len(missing)))
        batches = torch.split(missing, size)
        done = len(numbers) - len(missing)
        tell = partial(self.observer.progress, self.label, total=len(numbers), note=attack.name)
        tell(done)

        def keep(index: int, part: Attacked) -> None:
            nonlocal done
            # The workers share the time.
            ledger.record(replace(part, seconds=part.seconds / self.means.count))
            done += len(part.numbers)
            stops = done < len(numbers) and enough(ledger)
            tell(len(numbers) if stops else done)
            if stops:
                raise _Enough

        work = partial(_attack_batch, self.bench, attack)
        if self.means.workers is not None:
            self.means.workers.run(work, batches, keep)
            return
        for index, batch in enumerate(batches):
            keep(index, work(batch))


def _attack_batch(bench: Bench, attack: Attack, numbers: Tensor) -> Attacked:
    return bench.attack(attack, numbers)


@dataclass
class Findings:
    """What the attacks have found so far.

    Attributes:
        labels: (N,) int64.
        predictions: attack name to the class (N,) that the model sees; of attacks that saw every image.
        attacks: the attacks that ran, as they were run.
        seconds: what they took, together.
        estimate: of an attack that ended early; None if none did.
        failures: attack name to what it raised.
        flags: of attacks that had no turn.
    """

    labels: Tensor
    predictions: dict[str, Tensor] = field(default_factory=dict)
    attacks: dict[str, Attack] = field(default_factory=dict)
    seconds: float = 0.0
    estimate: Estimate | None = None
    failures: dict[str, Exception] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)

    @property
    def standing(self) -> Tensor:
        """Which images withstand every attack that saw them all: bool (N,)."""
        stands = torch.ones_like(self.labels, dtype=torch.bool)
        for predictions in self.predictions.values():
            stands = stands & (predictions == self.labels)
        return stands

    def add(self, attack: Attack, ledger: Ledger, numbers: Tensor) -> None:
        """Takes the ledger of an attack on the images of these places; others keep what broke them before."""
        self.attacks[attack.name] = attack
        self.seconds += ledger.seconds
        if len(ledger.missing(numbers)):
            found = self.estimated(ledger, numbers, attack.name)
            if found.drawn:
                self.estimate = found
            else:
                self.skip(attack)
        else:
            seen = ledger.predictions != UNKNOWN
            self.predictions[attack.name] = torch.where(
                seen, ledger.predictions, worst_predictions(self.predictions, self.labels)
            )

    def skip(self, attack: Attack) -> None:
        """Takes note of an attack that had no turn."""
        self.flags.append(f"not-run: {attack.name} was not begun before the time limit")

    def estimated(self, ledger: Ledger, numbers: Tensor, name: str = "") -> Estimate:
        """What an attack would find on all images, told from those it has seen.

        Only images before the first one without a verdict count: who is quicker to be attacked may be easier to break.
        """
        unseen = (ledger.predictions[numbers] == UNKNOWN).nonzero().flatten()
        first = int(unseen[0]) if len(unseen) else len(numbers)
        seen = torch.zeros_like(self.standing)
        seen[numbers[:first]] = True
        attacked = self.standing & seen
        return estimate(self.standing, attacked, attacked & (ledger.predictions != self.labels), attack=name)

    def raise_if_all_failed(self, others: int) -> None:
        """Raises what the first attack raised if none could be run, else flags each that failed."""
        if others and len(self.failures) == others:
            raise next(iter(self.failures.values()))
        for name, error in self.failures.items():
            told = str(error) if isinstance(error, RcnasError) else f"{type(error).__name__}: {error}"
            self.flags.append(f"attack-failed: {name} gave no verdicts: {told}")
