"""What is asked of a benchmark on one task."""

from collections.abc import Sequence
from dataclasses import dataclass

from rcnas_zoo.baselines.studies.samplers import SAMPLERS
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import check_choice, check_integer
from rcnas_zoo.spec.errors import InvalidInput, shortened, unknown_choice
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.methods import DEFAULT, METHODS
from rcnas_zoo.workflows.settings import FinetuneSettings

ALL = "all"
MOST_RADII = 64


@dataclass(frozen=True)
class TaskBenchmarkSettings:
    """Which rows, how often, and how much each may spend; the same for all.

    Attributes:
        methods: names of `METHODS`; ``all`` stands for every one.
        seeds: one study of each method for each.
        trials: settings that each study tries; the first one is the method's defaults.
        threat: threat model; None takes the data set's default.
        policy: what the warm searches start from, as in `FinetuneSettings`.
        visits: networks that a search visits in a trial.
        search_epochs, search_train_size: of a network that a search visits; 0 takes the recipe's own, and all images.
        final_epochs: of a row's training; a pruning shares them out among its stages. 0 takes the recipe's own.
        search_recipe, recipe: names of the recipes of what a search visits and of a row's training; empty takes the
            data set's.
        train_size: images that a row is trained on; 0 means all.
        subset_samples: test images that AutoAttack, and what else is as dear, is run on.
        sampler: of the studies, ``tpe``, ``random`` or ``nsga2``.
        storage: where the studies are kept; empty is a journal in the cache folder.
        attacks: measured beside the usual ones (see `measures_of`); one given twice, or usual anyway, runs once.
        radii: of a security curve beside the threat's own, in its norm, such as ``2/255``.

    Raises:
        InvalidInput: an unknown method or attack, a method or radius named twice, or a number out of its range.
    """

    methods: Sequence[str] = DEFAULT
    seeds: Sequence[int] = (0, 1, 2)
    trials: int = 1
    threat: ThreatModel | None = None
    policy: str = ""
    visits: int = 10
    search_epochs: int = 0
    search_train_size: int = 0
    final_epochs: int = 0
    search_recipe: str = ""
    recipe: str = ""
    train_size: int = 0
    subset_samples: int = 32
    sampler: str = "tpe"
    storage: str = ""
    attacks: Sequence[str] = ()
    radii: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("methods", "seeds", "attacks", "radii"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.methods == (ALL,):
            object.__setattr__(self, "methods", METHODS)
        for method in self.methods:
            if method not in METHODS:
                raise unknown_choice("a method of a benchmark", method, [ALL, *METHODS])
        for name, values in (("methods", self.methods), ("seeds", self.seeds)):
            if not values or len(set(values)) < len(values):
                given = ", ".join(map(str, values)) or "none"
                raise InvalidInput(f"the {name} must be at least one, each given once, got {given}")
        check_integer("the trials of a study", self.trials, 1, 10_000)
        check_integer("the visits of a search", self.visits, 1, 1_000_000)
        check_choice("the sampler of a study", self.sampler, SAMPLERS)
        for attack in self.attacks:
            AttackName.parse(attack)
        self._check_radii()
        for seed in self.seeds:
            self.of_seed(seed)

    def _check_radii(self) -> None:
        norm = self.threat.norm if self.threat else "linf"
        radii = {ThreatModel.of(norm, radius) for radius in self.radii}
        if len(radii) < len(self.radii) or len(radii) > MOST_RADII:
            given = shortened(", ".join(self.radii))
            raise InvalidInput(f"the radii must be at most {MOST_RADII}, each given once, got {given}")

    def of_seed(self, seed: int) -> FinetuneSettings:
        """The same as the settings of a fine-tuning run of one seed. Raises InvalidInput as that."""
        return FinetuneSettings(
            threat=self.threat,
            policy=self.policy,
            iterations=self.visits,
            seed=seed,
            subset_samples=self.subset_samples,
            search_epochs=self.search_epochs,
            search_train_size=self.search_train_size,
            final_epochs=self.final_epochs,
            search_recipe=self.search_recipe,
            final_recipe=self.recipe,
            final_train_size=self.train_size,
        )
