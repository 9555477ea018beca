"""``rcnas-zoo meta-train``."""

import shlex
from pathlib import Path
from typing import Any

import click

from ..options import data_root_option, device_option, given, json_option, machine_of, quiet_option
from ..output import emit, say_store
from ..progress import progress
from ..types import COUNT, FOLDER, NUMBER, POSITIVE, SWITCH, TEXT


@click.command("meta-train")
@click.option("--tasks", type=FOLDER, help="A file with a task a line; default a mix on the embedded digits.")
@click.option("--iterations", type=POSITIVE, help="Updates of the agent; default 100.")
@click.option("--steps", type=POSITIVE, help="Networks visited an iteration; default 5.")
@click.option("--seed", type=COUNT, help="Seed of every random choice; default 0.")
@click.option("--students", type=SWITCH, help="Whether students become teachers within an iteration; default off.")
@click.option("--search-epochs", type=POSITIVE, help="Epochs of a network; default the recipe's.")
@click.option("--search-train-size", type=POSITIVE, help="Images that a network is trained on; default all.")
@click.option("--precision", type=TEXT, help="Of every training: float32 (default) or bfloat16.")
@click.option("--lips", type=SWITCH, help="Whether the agent sees the Lipschitz statistics; default on.")
@click.option("--cost", type=SWITCH, help="Whether the agent sees cost and budget; default on.")
@click.option("--cost-filter", type=SWITCH, help="Whether draws over the budget are drawn again; default on.")
@click.option("--annealing", type=SWITCH, help="Whether the budget penalty is annealed over 15 updates; default off.")
@click.option("--baseline", type=TEXT, help="What is taken off a reward: leave-one-out (default), ema or none.")
@click.option("--entropy", type=NUMBER, help="Weight of the entropy bonus; default 0.01, the paper has none (0).")
@click.option("--c-metric", type=TEXT, help="What the reward's compression C counts: parameters (default) or macs.")
@click.option(
    "--reward-form", type=TEXT, help="compression (default: Eq. 4) or accuracy (under the budget, size is free)."
)
@click.option("--tie-break", type=SWITCH, help="Whether the margin decides between equal accuracies; default on.")
@device_option
@data_root_option
@click.option("--download", is_flag=True, help="Fetch an absent data set.")
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    tasks: Path | None,
    students: bool | None,
    annealing: bool | None,
    c_metric: str | None,
    reward_form: str | None,
    tie_break: bool | None,
    device: str | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    **others: Any,
) -> None:
    """Train the search agent on many tasks.

    Its policy is registered as rcnas-policy. A line of the tasks file is dataset/attack/teacher/budget, then a threat
    such as linf@8/255 if it is not the data set's default; what follows a # is a comment. After an interruption the
    same command goes on where it stopped.

    Example: rcnas-zoo meta-train --tasks tasks.txt --iterations 200
    """
    from rcnas_zoo.workflows.meta_settings import meta_settings
    from rcnas_zoo.workflows.meta_text import meta_text, meta_to_dict
    from rcnas_zoo.workflows.meta_train import meta_train
    from rcnas_zoo.workflows.task_files import read_tasks

    agent = {name: others.pop(name) for name in ("steps", "lips", "cost", "cost_filter", "baseline", "entropy")}
    reward = given(c_metric=c_metric, form=reward_form, tie_break=tie_break)
    settings = meta_settings(given(**agent), annealing, reward, **given(students_enter=students, **others))
    machine = machine_of(device, None, data_root, download)
    with progress(quiet, verbose) as observer:
        command = shlex.join(["rcnas-zoo", *arguments])
        result = meta_train(read_tasks(tasks), settings, machine, observer, command=command)
    say_store()
    emit(as_json, meta_to_dict(result), meta_text(result))
