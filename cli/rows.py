"""Options of a benchmark on a task, for those who run one and those who plan one, and what they become."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .options import F, given, one_threat, stack, threat_options
from .types import ATTACKS, COUNT, POSITIVE, RADII, SEEDS, TEXT, WORDS

if TYPE_CHECKING:
    from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings

ROWS_ONLY = (
    *("trials", "search_epochs", "search_train_size", "search_recipe", "final_epochs", "recipe", "train_size"),
    *("subset_samples", "attacks", "radii", "sampler", "storage"),
)
"""What `row_options` gives beyond options that other work has too."""
_FIELDS = {"iterations": "visits"}


comparison_options = stack(
    click.option("--methods", type=WORDS, help="Such as rc-nas,random or all; default all on a table, 11 on a task."),
    click.option("--seeds", type=SEEDS, help="Such as 0-199 or 0,1,2; default 0-19 on a table, 0-2 on a task."),
    click.option(
        "--policy", type=TEXT, help="What rc-nas starts from: a name, a folder, or none; default rcnas-policy."
    ),
)


def row_options(mark: str) -> Callable[[F], F]:
    """What is tried, how long, and under which threat; each help text begins with the mark."""
    return stack(
        click.option(
            "--trials", type=POSITIVE, help=f"{mark}settings that each method tries for each seed; default 1."
        ),
        click.option("--iterations", type=POSITIVE, help=f"{mark}networks that a search visits; default 10."),
        click.option("--search-epochs", type=COUNT, help=f"{mark}epochs of each of them; default the recipe's."),
        click.option("--search-train-size", type=COUNT, help=f"{mark}images to train each of them on; default all."),
        click.option(
            "--search-recipe", type=TEXT, help=f"{mark}recipe to train each of them by; default the data set's."
        ),
        click.option("--final-epochs", type=COUNT, help=f"{mark}epochs of a row's training; default the recipe's."),
        click.option("--recipe", type=TEXT, help=f"{mark}recipe of a row's training; default the data set's."),
        click.option("--train-size", type=COUNT, help=f"{mark}images to train a row on; default all."),
        click.option("--subset-samples", type=POSITIVE, help=f"{mark}test images for AutoAttack; default 32."),
        click.option("--attacks", type=ATTACKS, help=f"{mark}more attacks, such as a3,naa; dear ones on those images."),
        click.option("--radii", type=RADII, help=f"{mark}security curves at more radii, such as 2/255,4/255."),
        click.option("--sampler", type=TEXT, help=f"{mark}of the studies: tpe (default), random or nsga2."),
        click.option("--storage", type=TEXT, help=f"{mark}where studies are kept, such as sqlite:///studies.db."),
        threat_options("the data set's"),
    )


def row_settings(options: dict[str, Any]) -> "TaskBenchmarkSettings":
    """The settings of a benchmark on a task, from the options above that were given."""
    from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings

    threat = one_threat(options["threat"], options["eps"])
    fields = ("methods", "seeds", "policy", "iterations", *ROWS_ONLY)
    return TaskBenchmarkSettings(threat=threat, **given(**{_FIELDS.get(name, name): options[name] for name in fields}))
