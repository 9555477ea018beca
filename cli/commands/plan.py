"""``rcnas-zoo plan``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from rcnas_zoo.spec.errors import InvalidInput

from ..options import given, json_option, machine_of, machine_options, one_threat, quiet_option
from ..output import emit
from ..progress import progress
from ..rows import ROWS_ONLY, comparison_options, row_options, row_settings
from ..types import POSITIVE, TASK, WORDS

if TYPE_CHECKING:
    from rcnas_zoo.spec.task import Task

OF_ROWS = ("methods", "seeds", "trials")
"""Any of these asks for the plan of a benchmark."""
MACHINE = ("device", "workers", "data_root", "download")


@click.command("plan")
@click.argument("task", type=TASK)
@click.option("--steps", type=POSITIVE, help="Networks visited an iteration; default 1.")
@click.option("--compare", type=WORDS, help="Rows to train beside the result: teacher,robustresnet,r-nas,random.")
@comparison_options
@row_options("Benchmark: ")
@machine_options
@quiet_option
@json_option
def command(task: "Task", quiet: bool, verbose: bool, as_json: bool, **options: Any) -> None:
    """Tell what a run or a benchmark would do and cost.

    Without --methods, --seeds and --trials that of `finetune TASK`, with any of them that of `benchmark --task TASK`.

    The plan of a fine-tuning counts multiply-accumulates and opens no data. That of a benchmark, which takes the
    options of one, measures for some seconds how fast this machine trains and attacks the networks in question, and
    tells time and memory of each row.

    \b
    Examples:
      rcnas-zoo plan cifar10/autoattack/wrn-28-10/5g
      rcnas-zoo plan digits/pgd-20/wrn-16-2/2m --seeds 0-2
      rcnas-zoo plan digits/pgd-20/wrn-16-2/2m --methods sat,trades,mart --trials 4
    """  # noqa: D301 (click's mark for lines that stay as they are)
    if any(options[name] is not None for name in OF_ROWS):
        document, text = _of_rows(task, options, quiet, verbose)
    else:
        document, text = _of_finetuning(task, options)
    emit(as_json, document, text)


def _of_finetuning(task: "Task", options: dict[str, Any]) -> tuple[Any, str]:
    from rcnas_zoo.workflows.plan import plan, plan_text
    from rcnas_zoo.workflows.settings import finetune_settings

    _refuse(options, ("policy", *ROWS_ONLY, *MACHINE), "without --methods, --seeds or --trials")
    threat = one_threat(options["threat"], options["eps"])
    asked = given(threat=threat, iterations=options["iterations"], compare=options["compare"])
    made = plan(task, finetune_settings(given(steps=options["steps"]), **asked))
    return made.to_dict(), plan_text(made)


def _of_rows(task: "Task", options: dict[str, Any], quiet: bool, verbose: bool) -> tuple[Any, str]:
    from rcnas_zoo.workflows.benchmarking.planning.plan import plan_benchmark
    from rcnas_zoo.workflows.benchmarking.planning.text import plan_text

    _refuse(options, ("steps", "compare"), "with --methods, --seeds or --trials, which plan a benchmark")
    machine = machine_of(*(options[name] for name in MACHINE))
    with progress(quiet, verbose) as observer:
        made = plan_benchmark(task, row_settings(options), machine, observer)
    return made.to_dict(), plan_text(made)


def _refuse(options: dict[str, Any], foreign: Sequence[str], where: str) -> None:
    wrong = [f"--{name.replace('_', '-')}" for name in foreign if options[name] not in (None, False)]
    if wrong:
        raise InvalidInput(f"{', '.join(wrong)} must not be given {where}; see: rcnas-zoo plan --help")
