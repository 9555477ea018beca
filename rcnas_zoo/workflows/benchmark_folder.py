"""A benchmark as a folder: numbers, tables and a picture."""

from pathlib import Path

from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.reporting.regret import regret_picture
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.workflows.benchmark_report import BenchmarkReport
from rcnas_zoo.workflows.benchmark_text import benchmark_markdown
from rcnas_zoo.workflows.report_folder import check_new
from rcnas_zoo.zoo.files import new_folder


def report_files(report: BenchmarkReport) -> dict[str, bytes]:
    """``report.json`` (what `--json` prints), ``table.md`` and, if any method could search, ``best-so-far.png``."""
    files = {
        "report.json": canonical_json(report.to_dict()).encode(),
        "table.md": benchmark_markdown(report).encode(),
    }
    if curves := report.curves():
        title = f"{report.oracle}: {len(report.kept)} held-out tasks, {len(report.settings.seeds)} seeds"
        files["best-so-far.png"] = regret_picture(title, curves)
    return files


def write_benchmark(folder: Path, report: BenchmarkReport) -> None:
    """Writes the files of a report into a new folder, whole or not at all.

    Raises:
        InvalidInput: something is there already.
        Unavailable: the disk refuses.
    """
    check_new(folder)  # once more: a benchmark may take hours
    files = report_files(report)
    with new_folder(folder) as temporary:
        for name, content in files.items():
            write_file(temporary / name, content)
