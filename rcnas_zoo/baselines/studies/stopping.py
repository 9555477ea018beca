"""From which robust accuracy on a trial is worth its time."""

from collections.abc import Iterable, Mapping

from rcnas_zoo.candidates.halving import Halving


def floors(steps: int, known: Iterable[Mapping[int, float]]) -> dict[int, float]:
    """Step to the robust accuracy below which a trial is stopped there, by the rule of the candidates of a search.

    Optuna's pruners know one direction alone; here the reports decide, whatever the directions are.

    Args:
        steps: of a whole trial; 0 for a study that stops none.
        known: step to reported robust accuracy, for each trial that is known.
    """
    if not steps:
        return {}
    halving = Halving(steps)
    halving.observe(known)
    return {step: floor for step, floor in halving.floors() if floor > 0}
