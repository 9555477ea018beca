"""What a benchmark on an oracle came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rcnas_zoo.oracles.landscape import Landscape
from rcnas_zoo.oracles.suite import KINDS
from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.search.contest import Played
from rcnas_zoo.search.significance import PairedTest
from rcnas_zoo.search.standings import Curve, Standing, mean_curve, paired_tests, standing
from rcnas_zoo.version import VERSION
from rcnas_zoo.workflows.benchmark_policy import UsedPolicy
from rcnas_zoo.workflows.benchmark_settings import BenchmarkSettings


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A task with its landscape.

    Attributes:
        task: the task.
        landscape: of the table's networks.
        dropped: why it is left out, or empty.
        tau: how well the model that answers for other networks ranks (see `held_out_tau`); None where there is none.
    """

    task: TabulatedTask
    landscape: Landscape
    dropped: str
    tau: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        reason = {"reason": self.dropped} if self.dropped else {}
        task = {"task": str(self.task.task), "threat": str(self.task.threat), "kind": self.task.kind}
        fit = {} if self.tau is None else {"held_out_tau": self.tau}
        return {**task, **reason, **fit, "landscape": self.landscape.to_dict()}


@dataclass(frozen=True, eq=False)
class BenchmarkReport:
    """All searches of a benchmark.

    Attributes:
        settings: what was asked.
        oracle: name of the table.
        surveyed: every held-out task.
        played: method to its searches, on the tasks that were kept, in their order; or to why it cannot search.
        policy: what the warm methods were given.
        seconds: time it took.
        folder: where the report lies, if it was asked for.
        run_id: the run that keeps it, if any.
    """

    settings: BenchmarkSettings
    oracle: str
    surveyed: tuple[Surveyed, ...]
    played: dict[str, Played | str]
    policy: UsedPolicy
    seconds: float
    folder: Path | None = None
    run_id: str | None = None

    @property
    def kept(self) -> list[Surveyed]:
        """The tasks that were searched."""
        return [one for one in self.surveyed if not one.dropped]

    @property
    def dropped(self) -> list[Surveyed]:
        """The tasks that were left out."""
        return [one for one in self.surveyed if one.dropped]

    @property
    def infeasible(self) -> dict[str, str]:
        """Why a method cannot search."""
        return {name: found for name, found in self.played.items() if isinstance(found, str)}

    @property
    def kinds(self) -> list[str]:
        """The kinds of the tasks that were searched, in their fixed order."""
        return [kind for kind in KINDS if self.numbers(kind)]

    def numbers(self, kind: str | None = None) -> list[int]:
        """The places of the tasks of a kind, or of all, among those that were searched."""
        return [place for place, one in enumerate(self.kept) if kind in (None, one.task.kind)]

    def searches(self, kind: str | None = None) -> dict[str, Played]:
        """The searches on the tasks of a kind, or on all."""
        numbers = self.numbers(kind)
        return {name: found.on(numbers) for name, found in self.played.items() if isinstance(found, Played)}

    def standings(self, kind: str | None = None) -> dict[str, Standing]:
        """Method to its standing on the tasks of a kind, or on all; the least regret first."""
        found = {name: standing(played) for name, played in self.searches(kind).items()}
        return dict(sorted(found.items(), key=lambda item: item[1].regret))

    def tests(self, kind: str | None = None) -> list[PairedTest]:
        """The tests on the tasks of a kind, or on all."""
        return paired_tests(self.searches(kind))

    @property
    def taus(self) -> list[float]:
        """How well the model ranks the networks of the tasks that were searched; empty where none answers."""
        return [one.tau for one in self.kept if one.tau is not None]

    @property
    def below_zero(self) -> float:
        """Share of all searches that ended with a regret below 0, at more than any tabulated network is worth."""
        finals = [(played.final < 0).double().mean() for played in self.searches().values()]
        return float(sum(finals)) / len(finals) if finals else 0.0

    def curves(self) -> dict[str, Curve]:
        """Method to its mean regret after each query, the least at the end first."""
        found = self.searches()
        return {name: mean_curve(found[name]) for name in self.standings()}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as `rcnas-zoo benchmark --oracle --json` prints it."""
        settings = self.settings
        return {
            "oracle": settings.oracle,
            "queries": settings.queries,
            "seeds": list(settings.seeds),
            "policy": dict(self.policy.facts) if self.policy.facts else None,
            "notes": list(self.policy.notes),
            "version": VERSION,
            "reward_form": settings.reward.form,
            "answers": settings.answers,
            "tasks": _dicts(self.kept),
            "dropped": _dicts(self.dropped),
            **self._part(None),
            "curves": {name: curve.to_dict() for name, curve in self.curves().items()},
            "splits": {kind: {"tasks": len(self.numbers(kind)), **self._part(kind)} for kind in self.kinds},
            "seconds": self.seconds,
            "folder": str(self.folder) if self.folder else None,
            "run_id": self.run_id,
        }

    def _part(self, kind: str | None) -> dict[str, Any]:
        standings = {name: found.to_dict() for name, found in self.standings(kind).items()}
        refused = {name: {"infeasible": reason} for name, reason in self.infeasible.items()}
        return {"methods": {**standings, **refused}, "tests": [test.to_dict() for test in self.tests(kind)]}


def _dicts(surveyed: Sequence[Surveyed]) -> list[dict[str, Any]]:
    return [one.to_dict() for one in surveyed]
