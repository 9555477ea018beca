"""What is asked of a benchmark on an oracle."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.answers import ANSWERS, NEAREST
from rcnas_zoo.search.registry import METHODS
from rcnas_zoo.spec.canonical import check_choice, check_integer
from rcnas_zoo.spec.errors import InvalidInput

MOST_QUERIES = 10_000
MOST_SEEDS = 100_000


@dataclass(frozen=True)
class BenchmarkSettings:
    """Which methods, how long, how often.

    Attributes:
        oracle: name of a shipped table, or a file.
        methods: names of search methods.
        queries: networks that a search visits.
        seeds: one search of each method and task for each.
        policy: what warm methods start from, a folder; ``none``, or None for the one in the catalogue.
        reward: how rewards are made.
        track: keep the result as an MLflow run.
        answers: what is said of a network that the table does not have: ``nearest``, the outcome of the nearest one, or
            ``fitted``, its own cost and the accuracy that a model predicts.

    Raises:
        InvalidInput: an unknown method or kind of answers, or a value outside its range.
    """

    oracle: str = "digits"
    methods: Sequence[str] = tuple(METHODS)
    queries: int = 30
    seeds: Sequence[int] = tuple(range(20))
    policy: str | None = None
    reward: RewardSettings = field(default_factory=RewardSettings)
    track: bool = False
    answers: str = NEAREST

    def __post_init__(self) -> None:
        for method in self.methods:
            check_choice("a search method", method, METHODS)
        check_choice("the answers of an oracle", self.answers, ANSWERS)
        check_integer("the queries", self.queries, 1, MOST_QUERIES)
        check_integer("the number of seeds", len(self.seeds), 1, MOST_SEEDS)
        for name, values in (("methods", self.methods), ("seeds", self.seeds)):
            if not values or len(set(values)) < len(values):
                raise InvalidInput(
                    f"the {name} must be at least one, each given once, got {', '.join(map(str, values))}"
                )
