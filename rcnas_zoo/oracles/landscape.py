"""What a task is like: how far its networks lie apart, and whether a rule without any search would do."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, accuracy_ratio
from rcnas_zoo.oracles.replay import rewards
from rcnas_zoo.oracles.tasks import TabulatedTask

NEAR = 0.95
FEWEST = 20
RULE_REGRET = 0.1
SAME = 1e-9


@dataclass(frozen=True)
class Landscape:
    """The rewards of the networks within a budget.

    Attributes:
        feasible: their number.
        best, high, median, worst: of their rewards; ``high`` is the 95th percentile, between two networks interpolated.
        near: share of them whose reward is within 5 % of the best.
        smallest, largest: simple regret of the network with the fewest and with the most MACs.
        image: what one more image classified rightly adds to the accuracy ratio, and so at most to a reward; 0 if it is
            not known.
    """

    feasible: int
    best: float
    high: float
    median: float
    worst: float
    near: float
    smallest: float
    largest: float
    image: float = 0.0

    def regret(self, reward: float) -> float:
        """Simple regret: ``(best - reward) / (best - median)``, so 0 is perfect and 1 a median network.

        Where the best is the median it is 0; such a task is dropped, see `why_dropped`.
        """
        return _regret(self.best, self.median, reward)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)


def landscape(values: Tensor, macs: Tensor) -> Landscape:
    """The landscape of networks within a budget.

    Args:
        values: their rewards, float64 (networks,), at least one.
        macs: their cost, int64 (networks,); of equally cheap or dear ones the first counts.
    """
    best, median = float(values.max()), float(values.quantile(0.5))
    return Landscape(
        feasible=len(values),
        best=best,
        high=float(values.quantile(0.95)),
        median=median,
        worst=float(values.min()),
        near=float((values >= (NEAR * best if best > 0 else best)).double().mean()),
        smallest=_regret(best, median, float(values[macs.argmin()])),
        largest=_regret(best, median, float(values[macs.argmax()])),
    )


def task_landscape(task: TabulatedTask, settings: RewardSettings) -> Landscape:
    """The landscape of a task. Raises as `problem_on`."""
    problem = task.problem
    within = task.table.macs <= problem.budget
    found = landscape(rewards(task.table, problem, settings)[within], task.table.macs[within])
    return replace(found, image=accuracy_ratio(1 / problem.evaluation_samples, problem))


def why_dropped(found: Landscape) -> str:
    """Why a task proves nothing about a search, in a few words; empty if it does."""
    if found.feasible < FEWEST:
        return f"only {found.feasible} networks are within the budget"
    # Where no network is any good the tie-break alone tells them apart, and a landscape of that is noise.
    if found.best - found.median < max(SAME, found.image):
        return "half of the networks are within one image of the best"
    for rule in ("smallest", "largest"):
        regret = getattr(found, rule)
        if regret < RULE_REGRET:
            return f"the {rule} network has regret {regret:.2f}"
    return ""


def _regret(best: float, median: float, reward: float) -> float:
    return (best - reward) / (best - median) if best > median else 0.0
