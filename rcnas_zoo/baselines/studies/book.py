"""A study as its processes share it: who works at which trial, and what has come of the others."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.records import StudyResult, TrialRecord
from rcnas_zoo.baselines.studies.stored import store_end, stored_record
from rcnas_zoo.execution.locks import lock, waited
from rcnas_zoo.spec.quiet_optuna import quiet_optuna


@dataclass(frozen=True)
class Claim:
    """A trial that this process alone works at.

    Attributes:
        number: from 0.
        trial_id: Optuna's, in the storage.
        parameters: those that a process which worked at it before has fixed.
        known: Optuna's records of the trials that it may know.
    """

    number: int
    trial_id: int
    parameters: dict[str, Any]
    known: tuple[Any, ...]


class Book:
    """An open study.

    A process works at a trial as long as it holds the trial's lock, which the system takes from it when it ends,
    however it ends. So whoever finds a trial under way whose lock is free takes it over. Who looks for a trial holds
    the study's lock, so that two never begin the same one.
    """

    def __init__(self, plan: StudyPlan, storage: Any, study_id: int) -> None:
        self.plan = plan
        self._storage = storage
        self._study_id = study_id
        self._leases = plan.address.leases

    @contextmanager
    def claim(self) -> Iterator[Claim | None]:
        """Within: a trial to work at, or None if there is none now.

        Raises:
            Unavailable: the locks cannot be written.
        """
        with ExitStack() as held:
            with waited(self._leases, "claims"):
                claim = self._left_behind(held) or self._next(held)
            yield claim

    def result(self) -> StudyResult | None:
        """What came of the study, or None before its last trial has ended.

        Raises:
            IntegrityError: the storage holds what we did not write.
        """
        trials = self._trials()
        if len(trials) < self.plan.trials or not all(trial.state.is_finished() for trial in trials):
            return None
        records = tuple(stored_record(trial, len(self.plan.directions)) for trial in trials)
        return StudyResult(self.plan.name, self.plan.digest, self.plan.directions, records)

    @property
    def ended(self) -> int:
        """The number of trials that have ended."""
        return sum(trial.state.is_finished() for trial in self._trials())

    def keep_parameter(self, claim: Claim, name: str, value: Any, distribution: Any) -> None:
        """Fix a parameter of a trial."""
        with quiet_optuna():
            internal = distribution.to_internal_repr(value)
            self._storage.set_trial_param(claim.trial_id, name, internal, distribution)

    def keep_report(self, claim: Claim, step: int, value: float) -> None:
        """Keep a report of a trial."""
        self._storage.set_trial_intermediate_value(claim.trial_id, step, value)

    def finish(self, claim: Claim, record: TrialRecord, notes: Mapping[str, Any]) -> None:
        """The trial has ended; nobody works at it again. ``notes`` are the sampler's."""
        with quiet_optuna() as optuna:
            for name, note in notes.items():
                self._storage.set_trial_system_attr(claim.trial_id, name, note)
            store_end(optuna, self._storage, claim.trial_id, record)

    def _left_behind(self, held: ExitStack) -> Claim | None:
        for trial in self._trials():
            if not trial.state.is_finished() and (claim := self._leased(trial.number, held)):
                return claim
        return None

    def _next(self, held: ExitStack) -> Claim | None:
        trials = self._trials()
        number = len(trials)
        known = trials[: max(0, number + 1 - self.plan.together)]
        if number >= self.plan.trials or not all(trial.state.is_finished() for trial in known):
            return None
        self._storage.create_new_trial(self._study_id)
        return self._leased(number, held)

    def _leased(self, number: int, held: ExitStack) -> Claim | None:
        """The trial, unless another process holds it or has just ended it."""
        with ExitStack() as attempt:
            if attempt.enter_context(lock(self._leases, f"trial-{number:05}")):
                trials = self._trials()
                trial = trials[number]
                if not trial.state.is_finished():
                    held.push(attempt.pop_all())
                    known = tuple(trials[: max(0, number + 1 - self.plan.together)])
                    trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
                    return Claim(number, trial_id, dict(trial.params), known)
        return None

    def _trials(self) -> list[Any]:
        found = self._storage.get_all_trials(self._study_id)
        return sorted(found, key=lambda trial: trial.number)[: self.plan.trials]
