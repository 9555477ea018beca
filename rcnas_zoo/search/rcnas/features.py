"""What the agent sees of a task: the inputs of the state encoder (RC-NAS section 3.2).

Each stage has one row ``concat(LIPS, ST_i, CT)``, the vector that Eq. 10 reconstructs:

* LIPS, 7 numbers: log1p of the mean, standard deviation and quantiles of Eq. 1; the same in every row. The paper's
  vector of one ratio per image would depend on their order.
* ST_i, 5 numbers: log width, depth over that of the deepest catalogue teacher, stride bit, robust bit, position.
* CT, 3 numbers: log MACs, log budget, and the log of their ratio; the same in every row. The paper repeats the
  teacher's cost once per image and leaves the budget out, although the reward depends on it.
"""

from collections.abc import Sequence
from math import log

import torch
from torch import Tensor

from rcnas_zoo.spec.canonical import check_list, check_number
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

LIPS_FEATURES = 7
STAGE_FEATURES = 5
COST_FEATURES = 3
FEATURES = LIPS_FEATURES + STAGE_FEATURES + COST_FEATURES
LIPS_COLUMNS = slice(0, LIPS_FEATURES)
STAGE_COLUMNS = slice(LIPS_FEATURES, LIPS_FEATURES + STAGE_FEATURES)
COST_COLUMNS = slice(LIPS_FEATURES + STAGE_FEATURES, FEATURES)

# Blocks of each stage of WRN-70-16. A fixed reference, for relative to their own deepest stage all Wide ResNets
# would look the same.
DEEPEST = 11


def task_features(teacher: ResidualSpec, lips: Sequence[float], macs: int, budget: int) -> Tensor:
    """The rows of a task, float32 of shape (stages, FEATURES).

    Args:
        teacher: the network to compress.
        lips: the statistics that `lips_statistics` gives; zeros for a clean task.
        macs: multiply-accumulates of the teacher.
        budget: multiply-accumulates that the result may have.

    Raises:
        InvalidInput: not 7 finite statistics.
    """
    for value in check_list("the LIPS statistics", lips, LIPS_FEATURES):
        check_number("a LIPS statistic", value, 0)
    costs = [log(macs), log(budget), log(budget / macs)]
    last = max(1, len(teacher.stages) - 1)
    rows = [[*lips, *_stage(stage), index / last, *costs] for index, stage in enumerate(teacher.stages)]
    return torch.tensor(rows)


def teacher_pattern(teacher: ResidualSpec) -> Tensor:
    """The teacher's own bits (down-sampling, robust), float32 of shape (stages, 2)."""
    return torch.tensor([_bits(stage) for stage in teacher.stages])


def _stage(stage: StageSpec) -> list[float]:
    return [log(stage.width), stage.depth / DEEPEST, *_bits(stage)]


def _bits(stage: StageSpec) -> list[float]:
    return [float(stage.stride == 2), float(stage.block == "robust")]
