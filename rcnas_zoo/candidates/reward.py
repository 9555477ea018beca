"""The reward of a search: robust accuracy weighed by compression (RC-NAS Eq. 4), as pure functions.

The form is N2N's (Ashok et al. 2018). Where the paper leaves a choice open, `RewardSettings` names it.
"""

from dataclasses import dataclass

from rcnas_zoo.spec.canonical import check_choice, check_flag
from rcnas_zoo.spec.search import SearchProblem

C_METRICS = ("parameters", "macs")
FORMS = ("compression", "accuracy")
LARGEST_RATIO = 2.0


@dataclass(frozen=True)
class RewardSettings:
    """Choices that Eq. 4 leaves open.

    Attributes:
        c_metric: what the compression C counts, ``parameters`` (as N2N) or ``macs``.
        violation_slope: take ``MACs / budget - 1`` off the reward of a network over the budget as well, so that
            violators are not all worth the same.
        form: ``compression`` (Eq. 4) or ``accuracy``: the accuracy ratio alone, for searches in which the budget says
            all about size. C (2 - C) is flat near its top, and among networks that have shed most of the teacher
            accuracy may differ less than it does; then any small network wins. Over the budget both forms are alike.
        tie_break: whether the margin decides between networks of equal accuracy. On a few hundred images ties are
            common. Off is the paper's.

    Raises:
        InvalidInput: an unknown metric or form.
    """

    c_metric: str = "parameters"
    violation_slope: bool = False
    form: str = "compression"
    tie_break: bool = True

    def __post_init__(self) -> None:
        check_choice("the metric of the compression C", self.c_metric, C_METRICS)
        check_flag("the slope of violations", self.violation_slope)
        check_choice("the form of the reward", self.form, FORMS)
        check_flag("the breaking of ties", self.tie_break)


def annealing(iteration: int, length: int) -> float:
    """The factor epsilon of Eq. 4: ``(1 - i / i0)^4``, and 0 from i0 on.

    The paper gives no schedule, this is N2N's; but N2N clips after the fourth power, which lets epsilon rise again
    beyond i0, and we clip before it.

    Args:
        iteration: i, from 0.
        length: i0 (N2N: 15); 0 switches annealing off, so that epsilon is 0 from the start, as in fine-tuning.
    """
    return max(0.0, 1 - iteration / length) ** 4 if length else 0.0


def compression(student: int, teacher: int) -> float:
    """The share C of the teacher's cost that is gone, clipped to [-1, 1]; negative if the student costs more."""
    return max(-1.0, min(1.0, 1 - student / teacher))


def accuracy_ratio(accuracy: float, problem: SearchProblem) -> float:
    """Accuracy over the teacher's, at most 2; and at least 0, but for a quarter of an image by the tie-break.

    A teacher trained for a few epochs may score 0: its accuracy is floored at one image or half of chance, whichever
    is more.
    """
    floor = max(1 / problem.evaluation_samples, 0.5 / problem.teacher.spec.classes)
    return min(LARGEST_RATIO, accuracy / max(problem.teacher.accuracy, floor))


def untied(accuracy: float, margin: float, problem: SearchProblem) -> float:
    """The accuracy plus ``margin / (4 N)``, N being the evaluation images.

    Margins lie in [-1, 1], so theirs differ by at most half an image: a larger margin decides between equal accuracies
    and never outweighs one image.
    """
    return accuracy + margin / (4 * problem.evaluation_samples)


def reward(
    accuracy: float,
    parameters: int,
    macs: int,
    problem: SearchProblem,
    settings: RewardSettings = RewardSettings(),
    epsilon: float = 0.0,
    margin: float = 0.0,
) -> float:
    """The reward of a network (RC-NAS Eq. 4).

    Args:
        accuracy: its robust accuracy on the evaluation split, in [0, 1]; 0 if it was never trained.
        parameters: its parameters.
        macs: its multiply-accumulates of one image.
        problem: the teacher to compare with, and the budget.
        settings: the choices that the paper leaves open.
        epsilon: annealing factor in [0, 1]; at 0 every network over the budget is worth -1.
        margin: its mean margin, in [-1, 1] (see `Outcome`); 0 if it is not known.

    Returns:
        ``C (2 - C)`` times the accuracy ratio (or the ratio alone) within the budget, else ``epsilon (R + 1) - 1`` of
        that value R.
    """
    ratio = accuracy_ratio(untied(accuracy, margin, problem) if settings.tie_break else accuracy, problem)
    value = ratio if settings.form == "accuracy" else _quadratic(parameters, macs, problem, settings) * ratio
    if macs <= problem.budget:
        return value
    slope = macs / problem.budget - 1 if settings.violation_slope else 0.0
    return epsilon * (value + 1) - 1 - slope


def _quadratic(parameters: int, macs: int, problem: SearchProblem, settings: RewardSettings) -> float:
    """``C (2 - C)``, in [-3, 1]."""
    teacher = problem.teacher
    student, full = (parameters, teacher.parameters) if settings.c_metric == "parameters" else (macs, teacher.macs)
    share = compression(student, full)
    return share * (2 - share)
