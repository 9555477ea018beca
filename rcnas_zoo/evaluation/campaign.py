"""The attacks of an evaluation, one after the other, the cheapest first."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.evaluation.batching import Batching
from rcnas_zoo.evaluation.bench import Bench
from rcnas_zoo.evaluation.findings import Findings
from rcnas_zoo.evaluation.ledger import Attacked, Ledger, OpenLedger, in_memory
from rcnas_zoo.evaluation.limits import Clock, Limits
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.observer import Observer

SAMPLED_AT_ONCE = 64
"""Largest batch of a sample that grows until it suffices."""


LIMITED_AT_ONCE = 16
"""Largest batch where time is limited: a batch that has begun is waited for."""


class _Enough(Exception):
    """Ends an attack before all its images."""


class _Failed(Exception):
    """An attack raised; nothing else went wrong."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


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

    def run(self, attacks: Sequence[Attack]) -> Findings:
        """The verdicts of attacks, of which the first is no attack at all and always runs on every image.

        Verdicts that are kept already are taken first, whatever the limits.

        Raises:
            Exception: what the first attack raised, if not one could be run.
            Unavailable: the verdicts cannot be kept, or time was over before any attack.
        """
        clock = Clock(self.limits.seconds)
        findings = Findings(self.bench.examples.labels)
        count = len(self.bench.examples)
        opened = [(attack, self.means.open_ledger(attack, count)) for attack in attacks]
        (clean, kept), *others = opened
        try:
            self._fill(clean, kept, torch.arange(count), lambda: False)
        except _Failed as failed:
            raise failed.error from None
        findings.add(clean, kept, torch.arange(count))
        others.sort(key=lambda pair: (not pair[1].complete, pair[0].effort))
        dearest = max((attack.effort for attack, _ in others), default=0)
        for attack, ledger in others:
            self._run(attack, ledger, findings, clock, dearest=attack.effort == dearest)
        findings.check_any(len(others))
        return findings

    def _run(self, attack: Attack, ledger: Ledger, findings: Findings, clock: Clock, dearest: bool) -> None:
        """One attack, on all images or, if it is the dearest and a tolerance is enough, on those that it takes."""
        tolerance = self.limits.tolerance if dearest and not attack.together else None
        numbers = self._order(attack)
        if tolerance is not None and not ledger.complete:
            numbers = numbers[findings.standing[numbers]]
        late = findings.estimate is not None or (attack.together and clock.is_up)
        if late and len(ledger.missing(numbers)):
            findings.skip(attack, ledger)
            return

        def enough() -> bool:
            if clock.is_up:
                return True
            if tolerance is None:
                return False
            found = findings.estimated(ledger, numbers)
            return found.drawn > 0 and found.tolerance <= tolerance

        at_most = LIMITED_AT_ONCE if self.limits.seconds else SAMPLED_AT_ONCE if tolerance is not None else None
        try:
            self._fill(attack, ledger, numbers, enough, None if attack.together else at_most)
        except _Failed as failed:  # one that fails must not lose what the others found
            findings.fail(attack, ledger, failed.error)
            return
        if attack.together and len(ledger.missing(numbers)):
            findings.skip(attack, ledger)
        else:
            findings.add(attack, ledger, numbers)

    def _order(self, attack: Attack) -> Tensor:
        """Random where the images may not all have their turn, so that those that have are a fair sample."""
        count = len(self.bench.examples)
        if not self.limits.any or attack.together:
            return torch.arange(count)
        return torch.randperm(count, generator=torch.Generator().manual_seed(self.seed))

    def _fill(
        self, attack: Attack, ledger: Ledger, numbers: Tensor, enough: Callable[[], bool], at_most: int | None = None
    ) -> None:
        """Attacks those of the images of these places that have no verdict, in their order, until it is enough."""
        missing = ledger.missing(numbers)
        if not len(missing) or enough():
            return
        done = len(numbers) - len(missing)
        tell = partial(self.observer.progress, self.label, total=len(numbers), note=attack.name)
        tell(done)

        def keep(index: int, outcome: Attacked | Exception) -> None:
            nonlocal done
            if isinstance(outcome, Exception):
                raise _Failed(outcome)
            # The workers share the time.
            ledger.record(replace(outcome, seconds=outcome.seconds / self.means.count))
            done += len(outcome.numbers)
            stops = done < len(numbers) and enough()
            if stops:
                tell(done, total=done)
                raise _Enough
            tell(done)

        with suppress(_Enough):
            self._work(self._fitted(attack, ledger), missing, at_most, keep)

    def _fitted(self, attack: Attack, ledger: Ledger) -> Attack:
        try:
            fitted = self.bench.fitted(attack, self.seed)
        except Exception as error:
            raise _Failed(error) from error
        if fitted is not attack:
            ledger.note(fitted.settings)
        return fitted

    def _work(
        self,
        attack: Attack,
        missing: Tensor,
        at_most: int | None,
        keep: Callable[[int, Attacked | Exception], None],
    ) -> None:
        size = self.batching.size(attack, len(missing))
        if at_most is not None and self.batching.asked is None:
            size = min(size, at_most)
        batches = torch.split(missing, size)
        work = partial(_attack_batch, self.bench, attack)
        if self.means.workers is not None:
            self.means.workers.run(work, batches, keep)
            return
        for index, batch in enumerate(batches):
            keep(index, work(batch))


def _attack_batch(bench: Bench, attack: Attack, numbers: Tensor) -> Attacked | Exception:
    """What the attack makes of a batch, or what it raises, told from what goes wrong with the keeping."""
    try:
        return bench.attack(attack, numbers)
    except Exception as error:
        return error
