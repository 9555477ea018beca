"""What a table answers to a search when it is asked for a network that it does not have."""

from typing import TYPE_CHECKING

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.oracles.fitted import FittedEvaluator
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.oracles.table import Table
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.search.whole import WholeSpace
from rcnas_zoo.spec.canonical import check_choice

if TYPE_CHECKING:
    from rcnas_zoo.candidates.evaluator import CandidateEvaluator

NEAREST = "nearest"
FITTED = "fitted"
ANSWERS = (NEAREST, FITTED)


def answering(answers: str, table: Table, settings: RewardSettings) -> "tuple[ResidualSpace, CandidateEvaluator]":
    """The space that a search on a table gets, and the evaluator; the same rule for all methods.

    Args:
        answers: ``nearest``: the space are the networks of the table, and whatever is asked for means the nearest of
            them, so that best and median are those of the table. ``fitted``: the space are all compressions of the
            table's grid, and a model answers for those that the table does not have (see `FittedEvaluator`). That
            space holds what a policy was trained on as well, be it the other half of the networks.
        table: the networks.
        settings: how rewards are made.

    Raises:
        InvalidInput: another word.
    """
    check_choice("the answers of an oracle", answers, ANSWERS)
    if answers == FITTED:
        return WholeSpace(table.grid), FittedEvaluator(table, settings)
    return TabulatedSpace.on(table), ReplayEvaluator(table, settings)
