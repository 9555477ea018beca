"""The settings of one trial, as a sampler draws them from the trials that it may know."""

from collections.abc import Sequence
from typing import Any

from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.samplers import SAMPLERS
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.quiet_optuna import quiet_optuna


class Adviser:
    """A sampler's answers for one trial: they hang on the plan, the trial's number and the known trials alone.

    The known trials are told to a study of the adviser's own, in memory. So nothing that other processes add
    meanwhile is known, and a trial that is taken over is asked the same and answers the same.

    Args:
        plan: the study.
        number: the trial's.
        known: Optuna's records of the trials that it may know, all of which have ended, in their order.
    """

    def __init__(self, plan: StudyPlan, number: int, known: Sequence[Any]) -> None:
        with quiet_optuna() as optuna:
            sampler = SAMPLERS[plan.sampler](optuna, _seed(plan.seed, number))
            study = optuna.create_study(directions=list(plan.directions), sampler=sampler)
            # Optuna scores a stopped trial by its last report, as if that were a value of the one direction.
            reports_count = plan.directions == ("maximize",)
            study.add_trials([_told(optuna, trial, reports_count) for trial in known])
            self._study, self._trial = study, study.ask()

    def suggest(self, how: str, name: str, *arguments: Any, **options: Any) -> tuple[Any, Any]:
        """The value of a parameter and its distribution, by the ``how`` of Optuna's ``suggest_<how>``."""
        with quiet_optuna():
            value = getattr(self._trial, f"suggest_{how}")(name, *arguments, **options)
            return value, self._trial.distributions[name]

    @property
    def notes(self) -> dict[str, Any]:
        """What the sampler wants to find again at this trial, such as its generation."""
        with quiet_optuna():
            return dict(self._study.trials[-1].system_attrs)


def _seed(seed: int, number: int) -> int:
    return int(digest([seed, number])[:8], 16)


def _told(optuna: Any, trial: Any, reports_count: bool) -> Any:
    return optuna.trial.create_trial(
        state=trial.state,
        values=trial.values,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs=trial.system_attrs,
        intermediate_values=trial.intermediate_values if reports_count else None,
    )
