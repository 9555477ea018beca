"""What a fine-tuning run would do and cost, without running it and without opening the data."""

from dataclasses import asdict, dataclass
from typing import Any

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.dataset import DATASETS, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.task import Task
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.budgets import check_budget, smallest_macs
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.recipes import FINAL_RECIPES, SEARCH_RECIPES, recipe_name
from rcnas_zoo.workflows.settings import RIVALS, FinetuneSettings, with_epochs
from rcnas_zoo.workflows.teachers import find_teacher

BACKWARD = 2
"""A backward pass costs about twice a forward pass."""


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        task, threat: as texts.
        teacher_macs, teacher_parameters, smallest_macs, budget_macs: costs of one image.
        visits: networks that the search trains and attacks.
        final_trainings: networks trained fully.
        search_epochs, final_epochs: epochs of one of them.
        search_macs, final_macs: MACs of all trainings of each kind, an upper bound: every network at the budget.
        note: what the user should know.
    """

    task: str
    threat: str
    teacher_parameters: int
    teacher_macs: int
    smallest_macs: int
    budget_macs: int
    visits: int
    final_trainings: int
    search_epochs: int
    final_epochs: int
    search_macs: int
    final_macs: int
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return asdict(self)


def plan(task: Task, settings: FinetuneSettings | None = None, machine: Machine | None = None) -> Plan:
    """The plan of a task; the attacks' own cost is left out, for it depends on how many images they break.

    Raises:
        InvalidInput: the budget does not fit the teacher, or the data set is one of the user's files, which only a
            run opens.
        NotFound: the teacher that the user brings is absent.
    """
    settings, machine = settings or FinetuneSettings(), machine or Machine()
    facts = DATASETS.get(task.dataset)
    if facts is None:
        raise InvalidInput(f"a plan must be for a known data set, such as {', '.join(DATASETS)}, got {task.dataset!r}")
    teacher = find_teacher(task, settings.teacher_weights, facts.shape, facts.classes, machine)
    price, note = cost(teacher.spec), check_budget(task.budget, teacher.spec)
    search = with_epochs(named_recipe(recipe_name(SEARCH_RECIPES, task.dataset)), settings.search_epochs)
    final = with_epochs(named_recipe(recipe_name(FINAL_RECIPES, task.dataset)), settings.final_epochs)
    visits = settings.visits * (1 + len({*RIVALS} & {*settings.compare}))
    small_rows = 1 + len({*settings.compare} - {"teacher"})
    proxy_teachers = 0 if teacher.entry else 1
    final_teachers = proxy_teachers if "teacher" in settings.compare else 0
    image = min(task.budget.macs, price.macs)
    search_unit, final_unit = passes(search) * facts.train_images, passes(final) * facts.train_images
    return Plan(
        task=str(task),
        threat=str(settings.threat or default_threat(task.dataset)),
        teacher_parameters=price.parameters,
        teacher_macs=price.macs,
        smallest_macs=smallest_macs(teacher.spec),
        budget_macs=task.budget.macs,
        visits=visits,
        final_trainings=small_rows + final_teachers,
        search_epochs=search.epochs,
        final_epochs=final.epochs,
        search_macs=search_unit * (visits * image + proxy_teachers * price.macs),
        final_macs=final_unit * (small_rows * image + final_teachers * price.macs),
        note=note,
    )


def passes(recipe: TrainingRecipe) -> int:
    """Forward passes' worth of work that a training does for one image of the training split."""
    step = 1 + BACKWARD
    attack = 0 if recipe.objective == "clean" else recipe.attack_steps * step
    update = 2 * step if recipe.objective == "trades" else step
    return recipe.epochs * (attack + update)


def plan_text(made: Plan) -> str:
    """The plan for people."""
    lines = [
        f"task {made.task}, threat {made.threat}",
        f"teacher: {made.teacher_parameters / 1e6:.2f} M parameters, {format_macs(made.teacher_macs)} MACs an image",
        f"budget: {format_macs(made.budget_macs)} MACs; the smallest network has {format_macs(made.smallest_macs)}",
        f"search: {made.visits} networks, and the teacher unless you bring it, {made.search_epochs} epochs each; "
        f"at most {made.search_macs:.1e} MACs",
        f"then: {made.final_trainings} full trainings, {made.final_epochs} epochs each; "
        f"at most {made.final_macs:.1e} MACs",
        "attacks come on top; a machine that does 1e12 MACs a second needs "
        f"{(made.search_macs + made.final_macs) / 1e12 / 3600:.2g} h for the trainings",
        *([f"note: {made.note}"] if made.note else []),
    ]
    return "\n".join(lines)
