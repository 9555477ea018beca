"""``rcnas-zoo benchmark``."""

from pathlib import Path

import click

from ..options import given, json_option, machine_of, quiet_option
from ..output import emit
from ..progress import progress
from ..types import COUNT, FOLDER, POSITIVE, SEEDS, TEXT, WORDS


@click.command("benchmark")
@click.option("--oracle", type=TEXT, required=True, help="digits, fashion-mnist, or a file of that format.")
@click.option("--methods", type=WORDS, help="Such as rc-nas,random,tpe; default all.")
@click.option("--queries", type=POSITIVE, help="Networks that a search visits; default 30.")
@click.option("--seeds", type=SEEDS, help="A search for each, such as 0-199 or 0,1,2; default 0-19.")
@click.option("--policy", type=TEXT, help="What rc-nas starts from: a folder, or none; default the catalogue's.")
@click.option("--reward-form", type=TEXT, help="compression (default, RC-NAS Eq. 4) or accuracy alone.")
@click.option("--workers", type=COUNT, help="Processes that search; default one a core.")
@click.option("--to", type=FOLDER, help="New folder for the report: numbers, tables and a picture.")
@click.option("--track", is_flag=True, help="Keep the result as an MLflow run.")
@quiet_option
@json_option
def command(
    oracle: str,
    methods: tuple[str, ...] | None,
    queries: int | None,
    seeds: tuple[int, ...] | None,
    policy: str | None,
    reward_form: str | None,
    workers: int | None,
    to: Path | None,
    track: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Compare search methods on an oracle.

    An oracle is a table of networks that were trained and attacked once, so a search takes milliseconds. All methods
    get the same tasks, seeds, number of queries and cost filter. The tasks are held out: new in their networks, data,
    attack, radius, budget or teacher to a policy that was trained on the oracle's other tasks. Those on which the
    smallest or the largest network within the budget will do are dropped, and named.

    \b
    Examples:
      rcnas-zoo benchmark --oracle digits --methods rc-nas,random,evolution,tpe --seeds 0-59
      rcnas-zoo benchmark --oracle digits --policy none --reward-form accuracy --to proof
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.candidates.reward import RewardSettings
    from rcnas_zoo.workflows.benchmark import benchmark
    from rcnas_zoo.workflows.benchmark_settings import BenchmarkSettings
    from rcnas_zoo.workflows.benchmark_text import benchmark_text

    reward = RewardSettings(**given(form=reward_form))
    asked = given(methods=methods, queries=queries, seeds=seeds, policy=policy)
    settings = BenchmarkSettings(oracle=oracle, reward=reward, track=track, **asked)
    with progress(quiet, verbose) as observer:
        report = benchmark(settings, machine_of(None, workers), observer, to)
    emit(as_json, report.to_dict(), benchmark_text(report))
