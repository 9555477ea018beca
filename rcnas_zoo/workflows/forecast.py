"""What a row of the paper would cost on one large GPU, from its MACs alone. An estimate, not a measurement."""

from dataclasses import dataclass

from rcnas_zoo.candidates.source import LARGEST_EVALUATION
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.paper.row import PRUNINGS, SEARCHES, Row
from rcnas_zoo.pruning.recipes import PAPER
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.plan import BACKWARD, passes, plan
from rcnas_zoo.workflows.scales import Asked
from rcnas_zoo.workflows.settings import with_epochs
from rcnas_zoo.workflows.twins import WAYS, full_recipe

SUSTAINED = 200e12
"""Floating-point operations a second that one H200 is taken to sustain in bfloat16, a fifth of its stated peak."""
OPERATIONS = 2
"""A multiply-accumulate is two operations."""
TEST_IMAGES = 10_000
"""Of CIFAR-10, CIFAR-100, and the validation images of Tiny-ImageNet, which stand for its test images."""

# Forward passes' worth of one image. AutoAttack and A3: passes that the authors of A3 counted on a WRN-28-10 that keeps
# 62.8 % of CIFAR-10; HopSkipJump: its queries; a search for attacks is taken for as dear as AutoAttack.
_AUTOATTACK = 4_960 + 1_230 * BACKWARD
_PASSES = {
    "clean": 1,
    "autoattack": _AUTOATTACK,
    "a3": 451 + 205 * BACKWARD,
    "a3-search": _AUTOATTACK,
    "hopskipjump": 26_000,
    "naa": 40 * (1 + BACKWARD),
}

ASSUMPTIONS = (
    f"Hours on one H200, if it sustains {SUSTAINED / 1e12:.0f} TFLOP/s: 2 operations a MAC, a backward pass as dear as "
    "two forward passes, the training images of the data set in each epoch of the 100-epoch recipe (220 epochs with "
    "pruning), every candidate of a search at the budget, and all test images under each attack, which is too much for "
    "those that break early. The paper's meta-training is not in it, nor what a fast GPU loses on small work."
)


@dataclass(frozen=True)
class Forecast:
    """Hours of each part: full trainings, the search before them, the attacks on test images."""

    training: float
    search: float
    attacks: float

    @property
    def hours(self) -> float:
        """All of it."""
        return self.training + self.search + self.attacks


def forecast(row: Row, dataset: str, asked: Asked) -> Forecast:
    """What a row would cost on a data set at the paper's scale, under the attacks that its table asks for."""
    macs, images = _macs(row, dataset), DATASETS[dataset].train_images
    stages = PAPER[row.method].epochs if row.method in PRUNINGS else 0
    recipe = with_epochs(full_recipe(dataset, WAYS[row.method].objective), stages)
    attacked = TEST_IMAGES * len(asked.threats) * sum(map(attack_passes, asked.attacks))
    return Forecast(
        training=hours(macs * images * passes(recipe)),
        search=hours(_search_macs(row, dataset)) if row.method in SEARCHES else 0.0,
        attacks=hours(macs * attacked),
    )


def hours(macs: float) -> float:
    """Hours that so many MACs take."""
    return macs * OPERATIONS / SUSTAINED / 3600


def attack_passes(attack: str) -> int:
    """Forward passes' worth of work that an attack does for one image that stands to the end."""
    name = AttackName.parse(attack)
    return name.steps * (1 + BACKWARD) if name.steps else _PASSES[name.family]


def _macs(row: Row, dataset: str) -> float:
    """What the table prints; else the budget of a search, or the network that is trained or pruned."""
    if row.macs is not None:
        return row.macs.value * 1e9
    if row.method in SEARCHES:
        return Budget.parse(row.budget).macs
    facts = DATASETS[dataset]
    return cost(named_spec(row.network, InputSpec(facts.shape), facts.classes)).macs


def _search_macs(row: Row, dataset: str) -> float:
    """Ten candidates and their teacher, five epochs each, and AutoAttack on the evaluation images of each."""
    made = plan(Task.parse(f"{dataset}/autoattack/{row.network}/{row.budget}"))
    attacked = LARGEST_EVALUATION * _AUTOATTACK * (made.visits * made.budget_macs + made.teacher_macs)
    return made.search_macs + attacked
