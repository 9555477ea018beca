"""``rcnas-zoo finetune``."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..options import given, json_option, machine_of, machine_options, quiet_option
from ..output import emit, say_store
from ..progress import progress
from ..types import COUNT, NUMBER, POSITIVE, SWITCH, TASK, TEXT, THREAT, WORDS

if TYPE_CHECKING:
    from rcnas_zoo.spec.task import Task


@click.command("finetune")
@click.argument("task", type=TASK)
@click.option("--threat", type=THREAT, help="Threat model such as linf@8/255; default the data set's.")
@click.option("--teacher-weights", type=TEXT, help="A zoo name or entry folder: the teacher that you already have.")
@click.option(
    "--policy",
    type=TEXT,
    help="none (a fresh agent), a name or folder; default rcnas-policy if there is one that fits.",
)
@click.option("--iterations", type=POSITIVE, help="Updates of the agent; default 10.")
@click.option("--steps", type=POSITIVE, help="Networks visited an iteration; default 1.")
@click.option("--seed", type=COUNT, help="Seed of every random choice; default 0.")
@click.option(
    "--compare",
    type=WORDS,
    help="Rows to train beside the result: teacher, robustresnet, and searches of as many visits by any method of "
    "rcnas-zoo benchmark but rc-nas, such as r-nas,random,tpe.",
)
@click.option("--search-epochs", type=POSITIVE, help="Epochs of a candidate; default the recipe's.")
@click.option("--final-epochs", type=POSITIVE, help="Epochs of the networks that are kept; default the recipe's.")
@click.option(
    "--reward-images", type=TEXT, help="white-box (default) or transfer: attacked on the candidate or on the teacher."
)
@click.option("--halving", type=SWITCH, help="Whether candidates that fall behind are stopped early; default off.")
@click.option("--search-train-size", type=POSITIVE, help="Images that a candidate is trained on; default all.")
@click.option("--precision", type=TEXT, help="Of every training: float32 (default) or bfloat16.")
@click.option("--subset-samples", type=POSITIVE, help="Test images for AutoAttack; default 64.")
@click.option("--lips", type=SWITCH, help="Whether the agent sees the Lipschitz statistics; default on.")
@click.option("--cost", type=SWITCH, help="Whether the agent sees cost and budget; default on.")
@click.option("--cost-filter", type=SWITCH, help="Whether draws over the budget are drawn again; default on.")
@click.option("--annealing", type=SWITCH, help="Whether the budget penalty is annealed over 15 updates; default off.")
@click.option("--baseline", type=TEXT, help="What is taken off a reward: ema (default), leave-one-out or none.")
@click.option("--entropy", type=NUMBER, help="Weight of the entropy bonus; default 0.01, the paper has none (0).")
@click.option("--c-metric", type=TEXT, help="What the reward's compression C counts: parameters (default) or macs.")
@click.option(
    "--reward-form", type=TEXT, help="compression (default: Eq. 4) or accuracy (under the budget, size is free)."
)
@click.option("--tie-break", type=SWITCH, help="Whether the margin decides between equal accuracies; default on.")
@machine_options
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    task: "Task",
    steps: int | None,
    lips: bool | None,
    cost: bool | None,
    cost_filter: bool | None,
    annealing: bool | None,
    baseline: str | None,
    entropy: float | None,
    c_metric: str | None,
    reward_form: str | None,
    tie_break: bool | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    **others: Any,
) -> None:
    """Search a small robust network for a task.

    TASK is dataset/attack/teacher/budget. The search compresses the teacher stage by stage (RC-NAS); the winner is
    trained, measured and registered as robust-<budget>. After an interruption the same command goes on where it
    stopped.

    Example: rcnas-zoo finetune digits/pgd-20/wrn-16-2/2m --iterations 12 --steps 2
    """
    from rcnas_zoo.workflows.finetune import finetune
    from rcnas_zoo.workflows.settings import finetune_settings
    from rcnas_zoo.workflows.summary import result_to_dict, summary_text

    settings = finetune_settings(
        agent=given(steps=steps, lips=lips, cost=cost, cost_filter=cost_filter, baseline=baseline, entropy=entropy),
        annealing=annealing,
        reward=given(c_metric=c_metric, form=reward_form, tie_break=tie_break),
        **given(**others),
    )
    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        result = finetune(task, settings, machine, observer, command=shlex.join(["rcnas-zoo", *arguments]))
    say_store()
    emit(as_json, result_to_dict(result), summary_text(result))
