"""Search methods compared on an oracle: is the search worth its cost?"""

import time
from dataclasses import replace
from pathlib import Path

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.oracles.fitted import held_out_tau
from rcnas_zoo.oracles.landscape import task_landscape, why_dropped
from rcnas_zoo.oracles.suite import Suite, load_suite
from rcnas_zoo.search.answers import FITTED
from rcnas_zoo.search.contest import COLD, Contest, cold_encoder, hold
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.benchmark_folder import report_files, write_benchmark
from rcnas_zoo.workflows.benchmark_policy import used_policy
from rcnas_zoo.workflows.benchmark_report import BenchmarkReport, Surveyed
from rcnas_zoo.workflows.benchmark_settings import BenchmarkSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.report_folder import check_new


def benchmark(
    settings: BenchmarkSettings,
    machine: Machine | None = None,
    observer: Observer | None = None,
    to: Path | None = None,
) -> BenchmarkReport:
    """Let every method search every held-out task of an oracle, once for each seed.

    Tasks on which a rule without any search does well are left out and named.

    Args:
        settings: what is asked.
        machine: where it runs; its workers alone count.
        observer: who watches.
        to: a new folder for the report (see `write_benchmark`); None for none.

    Raises:
        InvalidInput: no such oracle, or none of its tasks is left.
        NotFound: a file or a policy is absent.
        IntegrityError: it is damaged.
    """
    if to is not None:
        check_new(to)
    started, watcher, machine = time.perf_counter(), observer or Silent(), machine or Machine()
    suite = load_suite(settings.oracle)
    policy = used_policy(settings.policy, machine.cache, suite)
    surveyed = survey(suite, settings.reward)
    if settings.answers == FITTED:
        surveyed = [one if one.dropped else replace(one, tau=held_out_tau(one.task)) for one in surveyed]
    contest = _contest(settings, [one for one in surveyed if not one.dropped], policy.knowledge)
    with Workers(machine.worker_count()) as workers:
        played = hold(contest, settings.methods, settings.seeds, workers, watcher)
    report = BenchmarkReport(settings, suite.name, tuple(surveyed), played, policy, time.perf_counter() - started, to)
    report = replace(report, run_id=_track(report)) if settings.track else report
    if to is not None:
        write_benchmark(to, report)
    return report


def survey(suite: Suite, reward: RewardSettings) -> list[Surveyed]:
    """The landscape of every held-out task, and why some are dropped.

    Raises:
        InvalidInput: all are dropped.
    """
    found = [(task, task_landscape(task, reward)) for task in suite.held_out]
    surveyed = [Surveyed(task, landscape, why_dropped(landscape)) for task, landscape in found]
    if all(one.dropped for one in surveyed):
        reasons = "; ".join(dict.fromkeys(one.dropped for one in surveyed)) or "it has none"
        raise InvalidInput(
            f"an oracle must have a task on which searches can differ, {suite.name} has none of {len(surveyed)}: "
            f"{reasons}"
        )
    return surveyed


def _contest(settings: BenchmarkSettings, kept: list[Surveyed], knowledge: Knowledge | None) -> Contest:
    tasks, landscapes = tuple(one.task for one in kept), tuple(one.landscape for one in kept)
    cold = knowledge is None and COLD in settings.methods
    encoder = cold_encoder(len(tasks[0].table.grid.stages)) if cold else None
    return Contest(tasks, landscapes, settings.queries, settings.reward, knowledge, encoder, settings.answers)


def _track(report: BenchmarkReport) -> str:
    settings = report.settings
    parameters = {
        "oracle": settings.oracle,
        "methods": ",".join(settings.methods),
        "queries": settings.queries,
        "seeds": len(settings.seeds),
        "policy": settings.policy or "",
        "reward_form": settings.reward.form,
        "answers": settings.answers,
    }
    with open_run(current_store(), "benchmark", f"benchmark {settings.oracle}", parameters, {}) as run:
        for name, standing in report.standings().items():
            numbers = {"simple_regret": standing.regret, "queries_to_95": standing.median_to_95}
            run.metrics({f"{name}.{key}": value for key, value in numbers.items()}, 0)
        for name, content in report_files(report).items():
            run.artifact(name, content)
        return run.id
