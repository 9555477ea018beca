"""``rcnas-zoo plan``."""

from typing import TYPE_CHECKING

import click

from ..options import given, json_option
from ..output import emit
from ..types import POSITIVE, TASK, THREAT, WORDS

if TYPE_CHECKING:
    from rcnas_zoo.spec.task import Task
    from rcnas_zoo.spec.threat import ThreatModel


@click.command("plan")
@click.argument("task", type=TASK)
@click.option("--threat", type=THREAT, help="Threat model such as linf@8/255; default the data set's.")
@click.option("--iterations", type=POSITIVE, help="Updates of the agent; default 10.")
@click.option("--steps", type=POSITIVE, help="Networks visited an iteration; default 1.")
@click.option("--compare", type=WORDS, help="Rows to train beside the result: teacher,robustresnet,r-nas,random.")
@json_option
def command(
    task: "Task",
    threat: "ThreatModel | None",
    iterations: int | None,
    steps: int | None,
    compare: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Tell what `finetune TASK` would do and cost.

    Example: rcnas-zoo plan cifar10/autoattack/wrn-28-10/5g
    """
    from rcnas_zoo.workflows.plan import plan, plan_text
    from rcnas_zoo.workflows.settings import finetune_settings

    settings = finetune_settings(given(steps=steps), **given(threat=threat, iterations=iterations, compare=compare))
    made = plan(task, settings)
    emit(as_json, made.to_dict(), plan_text(made))
