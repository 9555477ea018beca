"""``rcnas-zoo benchmark``."""

from pathlib import Path
from typing import Any

import click

from rcnas_zoo.spec.errors import InvalidInput

from ..options import given, json_option, machine_of, machine_options, quiet_option
from ..output import command_line, emit
from ..progress import progress
from ..rows import ROWS_ONLY, comparison_options, row_options, row_settings
from ..types import FOLDER, POSITIVE, TASK, TEXT

ORACLE_ONLY = ("queries", "reward_form", "answers")
TASK_ONLY = ("iterations", "threat", "eps", *ROWS_ONLY)


@click.command("benchmark")
@click.option("--oracle", type=TEXT, help="Searches on a table: digits, fashion-mnist, or a file of that format.")
@click.option("--task", type=TASK, help="Real trainings: dataset/attack/teacher/budget.")
@comparison_options
@click.option("--to", type=FOLDER, help="New folder for the report: numbers, tables and pictures.")
@click.option("--queries", type=POSITIVE, help="Table: networks that a search visits; default 30.")
@click.option("--reward-form", type=TEXT, help="Table: compression (default, RC-NAS Eq. 4) or accuracy alone.")
@click.option("--answers", type=TEXT, help="Table: what stands for a network it lacks: nearest (default) or fitted.")
@click.option("--track", is_flag=True, default=None, help="Keep the result as an MLflow run; that of a task always is.")
@row_options("Task: ")
@machine_options
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    oracle: str | None,
    task: Any,
    to: Path | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare methods, on an oracle or on a task.

    An oracle is a table of networks that were trained and attacked once, so a search takes milliseconds. All search
    methods get the same tasks, seeds, number of queries and cost filter. The tasks are held out: new in their networks
    or data, some also in their attack, radius, budget or teacher, to a policy that was trained on the oracle's other
    tasks. Those on which the smallest or the largest network within the budget will do are dropped, and named.

    On a task, networks are really trained. A row is a method: a search, the teacher under another objective, a rule's
    or a published network for the budget, or a pruning. For every seed it is an Optuna study of the method's own
    hyper-parameters; all get as many trials and as many epochs. The best trial by the evaluation split is measured
    once on the test split. The same command goes on where it was cut off, and adds what is missing.

    \b
    Examples:
      rcnas-zoo benchmark --oracle digits --methods rc-nas,random,evolution,tpe --seeds 0-59
      rcnas-zoo benchmark --oracle digits --policy none --reward-form accuracy --to proof
      rcnas-zoo benchmark --task digits/pgd-20/wrn-16-2/2m --to comparison
      rcnas-zoo benchmark --task digits/pgd-20/wrn-16-2/2m --methods sat,trades,mart --trials 4 --seeds 0
      rcnas-zoo benchmark --task digits/pgd-20/wrn-16-2/2m --attacks naa,a3,hopskipjump --radii 1/20,1/10,3/10
    """  # noqa: D301 (click's mark for lines that stay as they are)
    _check(oracle, task, options)
    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        if task is None:
            document, text = _on_oracle(oracle or "", options, machine, observer, to)
        else:
            document, text = _on_task(task, options, machine, observer, to, command_line(arguments))
    emit(as_json, document, text)


def _check(oracle: str | None, task: Any, options: dict[str, Any]) -> None:
    if (oracle is None) == (task is None):
        raise InvalidInput("a benchmark must have either --oracle or --task, got " + ("both" if oracle else "neither"))
    kind, foreign = ("--oracle", TASK_ONLY) if task is None else ("--task", ORACLE_ONLY)
    wrong = [f"--{name.replace('_', '-')}" for name in foreign if options[name] is not None]
    if wrong:
        raise InvalidInput(f"{', '.join(wrong)} must not be given with {kind}; see: rcnas-zoo benchmark --help")


def _on_oracle(oracle: str, options: dict[str, Any], machine: Any, observer: Any, to: Path | None) -> tuple[Any, str]:
    from rcnas_zoo.candidates.reward import RewardSettings
    from rcnas_zoo.workflows.benchmark import benchmark
    from rcnas_zoo.workflows.benchmark_settings import BenchmarkSettings
    from rcnas_zoo.workflows.benchmark_text import benchmark_text

    reward = RewardSettings(**given(form=options["reward_form"]))
    asked = given(**{name: options[name] for name in ("methods", "queries", "seeds", "policy", "track", "answers")})
    report = benchmark(BenchmarkSettings(oracle=oracle, reward=reward, **asked), machine, observer, to)
    return report.to_dict(), benchmark_text(report)


def _on_task(
    task: Any, options: dict[str, Any], machine: Any, observer: Any, to: Path | None, command: str
) -> tuple[Any, str]:
    from rcnas_zoo.reporting.benchmark_tables import terminal
    from rcnas_zoo.workflows.benchmarking.run import benchmark_task

    table = benchmark_task(task, row_settings(options), machine, observer, to, command)
    return table.to_dict(), terminal(table)
