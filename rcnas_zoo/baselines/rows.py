"""The rows of a benchmark: one method, trained and measured under several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.statistics import Estimate, estimate
from rcnas_zoo.evaluation.report import FAILED
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
        search: of these seconds, those of the searches; the others went into the training of what is kept.
        curve: metrics of each epoch of the final training.
        rewards: of each network that a search visited, in order; empty for what does not search.
        same_images: attack to accuracy on the images of the costly attacks alone, where all can be compared.
        radii: threat such as ``linf@2/255``, ascending, to the accuracy on all test images under the curve's attack:
            worst case over this radius and all smaller ones, for what breaks an image in a ball breaks it in every
            larger one. Empty if no radius was asked for.
        radii_alone: the same, of each radius by itself.
        flags: reasons to doubt the numbers, as of an `EvaluationReport`.
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
    search: SearchCost = field(default_factory=SearchCost)
    curve: tuple[dict[str, float], ...] = ()
    rewards: tuple[float, ...] = ()
    same_images: Mapping[str, float] = field(default_factory=dict)
    radii: Mapping[str, float] = field(default_factory=dict)
    radii_alone: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    @property
    def training_seconds(self) -> float:
        """Of the trainings of what is kept, one a trial; a pruning's stages are one training."""
        return self.seconds - self.search.seconds


@dataclass(frozen=True)
class Row:
    """A method with its results, or with the reason why it has none.

    Attributes:
        method: its name.
        budget: MACs of one image.
        results: one for each seed that came to one, in their order.
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
        return _shared([list(result.attacks) for result in self.results])

    @property
    def accuracies(self) -> list[str]:
        """What all results can be asked for by name, but for the radii; see `accuracy`.

        Where an attack failed the worst case is one of fewer attacks than elsewhere, and cannot be compared.
        """
        failed = any(flag.startswith(FAILED) for result in self.results for flag in result.flags)
        return ["clean", *self.attacks, *([] if failed else ["robust"])]

    def same_as(self, other: "Row") -> bool:
        """Whether the other row is made of the same trained networks: equal specs, learning curves and accuracies."""
        mine, theirs = ([_likeness(result) for result in row.results] for row in (self, other))
        return mine == theirs

    @property
    def radii(self) -> list[str]:
        """Threats of the curve that all results have, ascending."""
        return _shared([list(result.radii) for result in self.results])

    @property
    def search_cost(self) -> dict[str, float]:
        """Means over the seeds: networks visited, seconds by what they went into, and the share of the search."""
        total, count = sum((result.search for result in self.results), SearchCost()), len(self.results)
        seconds = self.mean("seconds")
        return {
            "visits": total.visits / count,
            "visiting_seconds": total.visiting / count,
            "thinking_seconds": total.thinking / count,
            "training_seconds": self.mean("training_seconds"),
            "share": total.seconds / count / seconds if seconds else 0.0,
        }

    def values(self, name: str) -> list[float]:
        """An accuracy of each seed; the names are those of `accuracy`."""
        return [accuracy(result, name) for result in self.results]

    def estimate(self, name: str) -> Estimate:
        """The mean of an accuracy, as `values`, with its spread and interval."""
        images = min(result.samples.get(name, result.samples["clean"]) for result in self.results)
        return estimate(self.values(name), images)

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
            "radii": {threat: self.estimate(threat).to_dict() for threat in self.radii},
            "search": self.search_cost,
            "seeds": [_seed_row(result) for result in self.results],
        }


def accuracy(result: SeedResult, name: str) -> float:
    """``clean``, ``robust`` (the worst case), or the accuracy under an attack, or at a threat of the curve."""
    named = {"clean": result.clean_accuracy, "robust": result.robust_accuracy}
    return {**result.radii, **result.attacks, **named}[name]


def attack_columns(rows: Sequence[Row]) -> list[str]:
    """The attacks that some network was measured under; one that failed on a network is missing in its row."""
    return list(dict.fromkeys(name for row in rows for result in row.results for name in result.attacks))


def radius_columns(rows: Sequence[Row]) -> list[str]:
    """The threats of the curves that every row with results has, ascending."""
    return _shared([row.radii for row in rows if row.results])


def _likeness(result: SeedResult) -> tuple[object, ...]:
    return result.seed, result.spec.digest, result.curve, result.clean_accuracy, dict(result.attacks)


def _shared(names: Sequence[list[str]]) -> list[str]:
    return [name for name in names[0] if all(name in others for others in names)] if names else []


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
        "same_images": dict(result.same_images),
        "robust_accuracy": result.robust_accuracy,
        "radii": dict(result.radii),
        "radii_alone": dict(result.radii_alone),
        "flags": list(result.flags),
        "settings": dict(result.settings),
        "trials": result.trials,
        "evaluations": result.evaluations,
        "seconds": result.seconds,
        "search": {**result.search.to_dict(), "training": result.training_seconds},
    }
