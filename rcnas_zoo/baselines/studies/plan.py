"""What a study is: everything that decides what comes out of it, and where that is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rcnas_zoo.baselines.studies.address import Address, address_of
from rcnas_zoo.baselines.studies.samplers import SAMPLERS
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.spec.canonical import check_choice, check_integer, check_mapping, digest
from rcnas_zoo.spec.errors import InvalidInput

ENGINE = 1
"""Raised when the same plan would come to other trials than before."""

DIRECTIONS = ("maximize", "minimize")
MAX_TRIALS = 100_000
NAME_LENGTH = 200
TOGETHER = 4


@dataclass(frozen=True)
class StudyPlan:
    """A study: one method, some trials of its settings, one seed.

    Trial ``n`` hangs on the plan, on ``n`` and on the trials up to ``n - together``, nothing else: not on the number of
    processes, their speed or their deaths. So a study of ``together`` 1 is one trial after the other, each of which
    knows all before it; with more, as many trials can be under way at once, each of which knows that many fewer.
    More ``trials`` later change none of those that are there.

    Attributes:
        name: what the study is called in its storage; part of its identity.
        decides: what else decides the result, plain JSON data: task, method, settings, the method's own version.
        trials: how many; not part of the identity.
        seed: of the sampler.
        sampler: who proposes, one of ``tpe, random, nsga2``.
        directions: ``maximize`` or ``minimize`` for each value of a trial. The rule is one: the robust accuracy on the
            evaluation split, which is the larger the better.
        together: how many trials at most are under way at once.
        steps: of a whole trial, such as the epochs of its training; hopeless trials are stopped at a quarter and a half
            of them. 0 stops none.
        storage: where it is kept, see `address_of`; not part of the identity.
        cache: root folder of the caches; not part of the identity.

    Raises:
        InvalidInput: a field is wrong.
    """

    name: str
    decides: Mapping[str, Any]
    trials: int
    seed: int = 0
    sampler: str = "tpe"
    directions: tuple[str, ...] = ("maximize",)
    together: int = TOGETHER
    steps: int = 0
    storage: str = ""
    cache: Path = field(default_factory=default_cache_root)

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and 0 < len(self.name) <= NAME_LENGTH and self.name.isprintable()):
            raise InvalidInput(f"a study's name must be a line of 1 to {NAME_LENGTH} characters, got {self.name!r:.80}")
        check_integer("the number of trials", self.trials, 1, MAX_TRIALS)
        check_integer("the seed of a study", self.seed, 0, 2**63 - 1)
        check_integer("the trials at once", self.together, 1, MAX_TRIALS)
        check_integer("the steps of a trial", self.steps, 0)
        check_choice("the sampler of a study", self.sampler, SAMPLERS)
        for direction in self.directions:
            check_choice("the direction of a study", direction, DIRECTIONS)
        if not self.directions:
            raise InvalidInput("a study must have a direction, got none; the rule is ('maximize',)")
        check_mapping("what decides a study", self.decides)
        _ = self.digest, self.address

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides the trials, plain JSON data."""
        return {
            "engine": ENGINE,
            "name": self.name,
            "decides": dict(self.decides),
            "seed": self.seed,
            "sampler": self.sampler,
            "directions": list(self.directions),
            "together": self.together,
            "steps": self.steps,
        }

    @property
    def digest(self) -> str:
        """sha256 of the identity, 64 hex digits."""
        return digest(self.identity)

    @property
    def address(self) -> Address:
        """Where the study is kept."""
        return address_of(self.storage, self.name, self.digest, self.cache)
