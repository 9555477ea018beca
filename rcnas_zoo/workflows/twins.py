"""How the rows of the paper are made, method by method, at full size or as scaled-down twins.

A method that is to be run needs a line in ``WAYS``, and there a maker and, if its networks are not Wide ResNets, the
tiny network of its family. At full size a network is found by its name in the catalogue of architectures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rcnas_zoo.networks.cell_scaling import cell_network_for
from rcnas_zoo.networks.named import named_spec, teacher_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.networks.wide import wide_spec
from rcnas_zoo.paper.row import Row
from rcnas_zoo.paper.shares import searched_share
from rcnas_zoo.pruning.recipes import PAPER, scaled_recipe
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.dataset import DATASETS, default_threat
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.teacher import TeacherName
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.recipes import FINAL_RECIPES, recipe_name, with_objective
from rcnas_zoo.workflows.scales import Group, Scale
from rcnas_zoo.workflows.settings import ANNEALING, FinetuneSettings, with_epochs
from rcnas_zoo.workflows.works import Pruning, Search, Training, Work

Shrunk: TypeAlias = Callable[[Group, InputSpec, int], NetworkSpec]
Maker: TypeAlias = Callable[["Way", Row, str, Scale], Work]


def _teacher(group: Group, input: InputSpec, classes: int) -> NetworkSpec:
    return named_spec(group.teacher, input, classes)


def _rule(group: Group, input: InputSpec, classes: int) -> NetworkSpec:
    return robustresnet_spec(Budget.parse(group.budget).macs, input, classes)


def _cells(genotype: str) -> Shrunk:
    def shrunk(group: Group, input: InputSpec, classes: int) -> NetworkSpec:
        return cell_network_for(genotype, Budget.parse(group.budget).macs, input, classes)

    return shrunk


def _narrow_end(group: Group, input: InputSpec, classes: int) -> NetworkSpec:
    """What WRN-34-R is to WRN-34-20: the last stage has 8/20 of the width."""
    stages = teacher_spec(TeacherName.parse(group.teacher), input, classes).stages
    widths = (stages[0].width, stages[1].width, round(stages[2].width * 8 / 20))
    return wide_spec((stages[0].depth, stages[1].depth, stages[2].depth), widths, "basic", input, classes)


def trained(way: "Way", row: Row, dataset: str, scale: Scale) -> Training:
    """One training of the row's network, or of the tiny one that stands for it."""
    facts = DATASETS[dataset]
    input = InputSpec(facts.shape)
    if scale.groups:
        name, spec = f"tiny {row.printed}", way.tiny(scale.groups[row.budget], input, facts.classes)
    else:
        name, spec = row.network, named_spec(row.network, input, facts.classes)
    recipe = with_epochs(full_recipe(dataset, way.objective), scale.epochs, scale.precision)
    return Training(name, spec, dataset, recipe)


def pruned(way: "Way", row: Row, dataset: str, scale: Scale) -> Pruning:
    """The row's teacher, pruned to as large a share of its weights as the network of RC-NAS has, in three stages.

    The paper says neither what it keeps nor what a budget counts in a pruned network. MACs cannot be meant: three of
    its four teachers cost less than the budget that they are pruned for, and 5 G leave 95 % of the fourth.
    """
    base = trained(way, row, dataset, scale)
    kept = searched_share(row.budget, next(iter(row.claims)))
    recipe = scaled_recipe(row.method, base.recipe, keep=kept)
    return Pruning(base, recipe if scale.groups else recipe.with_changes(penalty=PAPER[row.method].penalty))


def searched(way: "Way", row: Row, dataset: str, scale: Scale) -> Search:
    """One search under the row's budget; with the policy that comes with the package, where the row is to have one.

    A policy fixes what the agent sees. An agent that is to see less starts afresh, where the paper's was meta-trained.
    """
    group = scale.groups[row.budget] if scale.groups else Group(row.network, row.budget)
    fresh = row.method == "r-nas" or row.without in ("lips", "cost")
    changes = {"annealing": 0 if row.without == "annealing" else ANNEALING}
    settings = FinetuneSettings(
        policy="none" if fresh else "",
        iterations=scale.iterations,
        search_epochs=scale.search_epochs,
        final_epochs=scale.epochs,
        precision=scale.precision,
        agent_changes={**changes, **({row.without: False} if row.without in ("lips", "cost") else {})},
    )
    return Search(Task.parse(f"{dataset}/{scale.attack}/{group.teacher}/{group.budget}"), settings)


@dataclass(frozen=True)
class Way:
    """How the rows of a method are made.

    Attributes:
        make: makes the work of a row.
        objective: what networks are trained by.
        tiny: the small network of the family.
    """

    make: Maker
    objective: str = "trades"
    tiny: Shrunk = _teacher


WAYS = {
    "teacher": Way(trained),
    "wrn-34-r": Way(trained, tiny=_narrow_end),
    "robustresnet": Way(trained, tiny=_rule),
    "robnet": Way(trained, tiny=_cells("robnet")),
    "advrush": Way(trained, tiny=_cells("advrush")),
    "racl": Way(trained, tiny=_cells("racl")),
    "trades": Way(trained),
    "mart": Way(trained, objective="mart"),
    "sat": Way(trained, objective="sat"),
    "hydra": Way(pruned),
    "harp": Way(pruned),
    "rc-nas": Way(searched),
    "r-nas": Way(searched),
}


def work_for(row: Row, dataset: str, scale: Scale) -> Work:
    """What makes a row on a data set at a scale."""
    way = WAYS[row.method]
    return way.make(way, row, scale.dataset_for(dataset), scale)


def full_recipe(dataset: str, objective: str) -> TrainingRecipe:
    """The data set's final recipe with an objective, under its usual threat; the data are not opened."""
    recipe = named_recipe(recipe_name(FINAL_RECIPES, dataset))
    flip = recipe.flip and DATASETS[dataset].flips
    return with_objective(recipe.with_changes(threat=str(default_threat(dataset)), flip=flip), objective)
