"""From which robust accuracy on a trial is worth its time."""

from collections.abc import Iterable, Mapping

from rcnas_zoo.candidates.halving import Halving


def floors(steps: int, known: Iterable[Mapping[int, float]]) -> dict[int, float]:
    """Step to the robust accuracy below which a trial is stopped there, by the rule of the candidates of a search.

    0, which stops none, while few trials are known: they report there all the same, or the next ones would have none.

    Optuna's pruners know one direction alone; here the reports decide, whatever the directions are.

    Args:
        steps: of a whole trial; 0 for a study that stops none.
        known: step to reported robust accuracy, for each trial that is known.
    """
    if not steps:
        return {}
    halving = Halving(steps)
    halving.observe(known)
    return dict(halving.floors())
