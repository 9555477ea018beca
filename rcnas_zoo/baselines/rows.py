"""The rows of a benchmark: one method, trained and measured under several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from rcnas_zoo.baselines.statistics import Estimate, estimate
from rcnas_zoo.spec.network import NetworkSpec


@dataclass(frozen=True)
class SeedResult:
    """What one study of a method came to, measured once on the test split.

    Attributes:
        seed: of everything.
        spec: the network of the best trial.
        parameters, macs: what counts against the budget; of a network with single weights pruned, those that are left.
        nominal_macs: of the same layers with all their weights.
        clean_accuracy: in [0, 1].
        attacks: name to accuracy, in [0, 1].
        samples: name (``clean`` too) to the number of test images.
        robust_accuracy: worst case over the attacks on all test images.
        settings: the hyper-parameters of the best trial.
        trials: trials of the study.
        evaluations: networks that were trained and attacked on the way, those inside of searches too.
        seconds: what all of it took where it was computed first.
        curve: metrics of each epoch of the final training.
        rewards: of each network that a search visited, in order; empty for what does not search.
    """

    seed: int
    spec: NetworkSpec
    parameters: int
    macs: int
    nominal_macs: int
    clean_accuracy: float
    attacks: Mapping[str, float]
    samples: Mapping[str, int]
    robust_accuracy: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 1
    evaluations: int = 1
    seconds: float = 0.0
    curve: tuple[dict[str, float], ...] = ()
    rewards: tuple[float, ...] = ()


@dataclass(frozen=True)
class Row:
    """A method with its results, or with the reason why it has none.

    Attributes:
        method: its name.
        budget: MACs of one image.
        results: one for each seed, in their order.
        infeasible: why there are none; empty if there are.
        reference: whether the row stands for a network that needs not meet the budget.
    """

    method: str
    budget: int
    results: tuple[SeedResult, ...] = ()
    infeasible: str = ""
    reference: bool = False

    @property
    def over_budget(self) -> bool:
        """Whether any of its networks costs more than the budget."""
        return any(result.macs > self.budget for result in self.results)

    @property
    def attacks(self) -> list[str]:
        """Names of the attacks that all results were measured under."""
        return [name for name in self.results[0].attacks if all(name in result.attacks for result in self.results)]

    def values(self, name: str) -> list[float]:
        """An accuracy of each seed: ``clean``, ``robust`` (the worst case), or that under an attack."""
        return [accuracy(result, name) for result in self.results]

    def estimate(self, name: str) -> Estimate:
        """The mean of an accuracy, as `values`, with its spread and interval."""
        whole = next(iter(self.results[0].attacks)) if name == "robust" else name
        return estimate(self.values(name), min(result.samples[whole] for result in self.results))

    def mean(self, field: str) -> float:
        """The mean of a number of the results, such as ``macs``."""
        return fmean(getattr(result, field) for result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        if self.infeasible:
            return {"method": self.method, "infeasible": self.infeasible}
        robust = self.estimate("robust")
        return {
            "method": self.method,
            "reference": self.reference,
            "parameters": round(self.mean("parameters")),
            "macs": round(self.mean("macs")),
            "nominal_macs": round(self.mean("nominal_macs")),
            "over_budget": self.over_budget,
            "clean_accuracy": self.estimate("clean").mean,
            "attacks": {name: self.estimate(name).mean for name in self.attacks},
            "robust_accuracy": robust.mean,
            "std": robust.std,
            "interval": list(robust.interval),
            "estimates": {name: self.estimate(name).to_dict() for name in ("clean", "robust", *self.attacks)},
            "seconds": self.mean("seconds"),
            "evaluations": self.mean("evaluations"),
            "seeds": [_seed_row(result) for result in self.results],
        }


def accuracy(result: SeedResult, name: str) -> float:
    """``clean``, ``robust`` (the worst case), or the accuracy under an attack."""
    named = {"clean": result.clean_accuracy, "robust": result.robust_accuracy}
    return named[name] if name in named else result.attacks[name]


def attack_columns(rows: Sequence[Row]) -> list[str]:
    """The attacks that every row with results was measured under, in the order of the first."""
    found = [row for row in rows if row.results]
    return [name for name in found[0].attacks if all(name in row.attacks for row in found)] if found else []


def _seed_row(result: SeedResult) -> dict[str, Any]:
    return {
        "seed": result.seed,
        "spec": result.spec.to_dict(),
        "digest": result.spec.digest,
        "parameters": result.parameters,
        "macs": result.macs,
        "nominal_macs": result.nominal_macs,
        "clean_accuracy": result.clean_accuracy,
        "attacks": dict(result.attacks),
        "samples": dict(result.samples),
        "robust_accuracy": result.robust_accuracy,
        "settings": dict(result.settings),
        "trials": result.trials,
        "evaluations": result.evaluations,
        "seconds": result.seconds,
    }
