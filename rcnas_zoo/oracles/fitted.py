"""A table that also answers for networks that it does not have, by what a model fitted on it predicts."""

from functools import lru_cache

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.kernel import KernelRidge, fit, held_out, kendall_tau
from rcnas_zoo.oracles.replay import TableEvaluator, judged, known
from rcnas_zoo.oracles.table import Table, coordinates, stage_numbers
from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, SearchProblem

MOST_ROWS = 4000


class FittedEvaluator(TableEvaluator):
    """Looks up a network of the table, and predicts the outcome of any other.

    Another network's cost is its own, exactly; its accuracy, clipped to [0, 1], and its margin, clipped to [-1, 1], are
    predicted from where it stands among the table's networks. The model is a Gaussian process's mean in the
    coordinates by which the nearest network is found, and not the linear one by which `surrogate` and `rc-nas`
    search: what these assume would else be true of every network but the tabulated ones.

    A prediction is free of the luck that a tabulated accuracy holds (one seed, some hundred images), and it is mere
    extrapolation beyond the widths and depths of the table.
    """

    def outcome(self, problem: SearchProblem, spec: ResidualSpec) -> Outcome:
        """See `TableEvaluator.outcome`."""
        table = self.table
        row = table.row_of(spec)
        if table.specs[row] == spec:
            accuracy, margin = (float(column[row]) for column in known(table, problem))
        else:
            place = coordinates(stage_numbers([spec.stages]))
            accuracy, margin = _clipped(_fitted(table, problem).predict(place))[0].tolist()
        return judged(problem, cost(spec), accuracy, margin, self.settings)


def held_out_tau(task: TabulatedTask) -> float:
    """How well the model of a task's column ranks networks: Kendall's tau of accuracies and held-out predictions.

    Ten folds of the networks of the task's own table, be they within the budget or not. Raises as `problem_on`.
    """
    points, values = _rows(task.table, task.problem)
    return kendall_tau(_clipped(held_out(points, values))[:, 0], values[:, 0])


@lru_cache(maxsize=64)
def _fitted(table: Table, problem: SearchProblem) -> KernelRidge:
    return fit(*_rows(table, problem))


def _rows(table: Table, problem: SearchProblem) -> tuple[Tensor, Tensor]:
    """Where the networks stand, (n, d), and their accuracies and margins (n, 2); of a large table only every k-th."""
    step = -(-len(table) // MOST_ROWS)
    values = torch.stack([column.double() for column in known(table, problem)], dim=1)
    return table.coordinates[::step], values[::step]


def _clipped(values: Tensor) -> Tensor:
    return values.clamp(torch.tensor([0.0, -1.0], dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))
