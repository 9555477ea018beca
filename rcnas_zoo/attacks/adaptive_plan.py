"""The rounds of A3, the adaptive auto attack, as data."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Round:
    """One round over the images that stand.

    Attributes:
        share: of the images that stand, those nearest to being broken, which alone are attacked.
        directing: steps in a random direction of the logits, before the ascent.
        steps: of the ascent on the margin.
        restarts: how often all this is done.
        lean: how the random direction is drawn, a name of `rcnas_zoo.attacks.adaptive_directions.choose_lean`.
    """

    share: float
    directing: int
    steps: int
    restarts: int = 1
    lean: str = "voted"


@dataclass(frozen=True)
class Plan:
    """The whole schedule; the numbers are the authors'.

    Attributes:
        opening: the rounds that every network gets.
        usual: the rounds that follow.
        easy: what replaces each of them, one for one, once the directions alone have broken ``easy_share`` of those
            that withstood the first round.
        least: images that a round attacks at least.
        easy_share: see ``easy``.
        few_share: where less of the images stand, a round attacks all of them, and has ``more_restarts``.
        more_restarts: see ``few_share``.
    """

    opening: tuple[Round, ...]
    usual: tuple[Round, ...]
    easy: tuple[Round, ...]
    least: int = 100
    easy_share: float = 0.05
    few_share: float = 0.1
    more_restarts: int = 10

    @property
    def effort(self) -> int:
        """About how many passes it takes an image that stands among many; a gradient counts two."""
        rounds = (*self.opening, *self.usual)
        return round(2 * sum(each.share * each.restarts * (each.directing + each.steps) for each in rounds))

    @property
    def settings(self) -> dict[str, Any]:
        """Plain JSON data that tells the plan."""
        rounds = {name: [asdict(each) for each in getattr(self, name)] for name in ("opening", "usual", "easy")}
        return {**asdict(self), **rounds}


# The authors' code adds the directing steps to the ascent's own; these are the sums, which it runs.
OFFICIAL = Plan(
    opening=(Round(1, 0, 8), Round(1, 7, 15, lean="free"), Round(1, 7, 15)),
    usual=(
        Round(0.7, 7, 32),
        Round(0.6, 7, 37),
        Round(0.5, 7, 37),
        Round(0.4, 7, 42),
        Round(0.3, 7, 47),
        Round(0.2, 7, 52),
        Round(0.1, 7, 57),
        Round(0.1, 7, 57, 4, "closing"),
        Round(0.065, 7, 62, 4, "closing"),
        Round(0.03, 7, 67, 50, "closing"),
    ),
    easy=(
        Round(1, 10, 15, 10, "easy"),
        Round(1, 15, 20, 1, "easy"),
        Round(1, 15, 25, 1, "easy"),
        Round(1, 10, 20, 1, "easy"),
        Round(1, 10, 25, 1, "easy"),
        Round(1, 10, 28, 1, "easy"),
        Round(1, 10, 30, 1, "easy"),
        Round(0.8, 10, 35, 5, "easy"),
        Round(0.5, 10, 45, 5, "easy-closing"),
        Round(0.5, 10, 55, 20, "easy-closing"),
    ),
)
