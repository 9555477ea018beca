"""A benchmark on one task as a folder: a page, tables in every form, and pictures."""

from pathlib import Path

from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.reporting.benchmark_html import benchmark_html
from rcnas_zoo.reporting.benchmark_latex import latex_files
from rcnas_zoo.reporting.benchmark_pictures import cost_picture, search_curves, stage_picture
from rcnas_zoo.reporting.benchmark_security import security_curves
from rcnas_zoo.reporting.benchmark_tables import comma_separated, markdown, radii_separated
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.workflows.report_folder import check_new
from rcnas_zoo.zoo.files import new_folder

_TITLES = {
    "cost.png": "Cost and robust accuracy",
    "security.png": "Security curves",
    "searches.png": "Searches",
    "stages.png": "Stage by stage",
}


def page_files(table: BenchmarkTable, teacher: ResidualSpec) -> dict[str, bytes]:
    """``report.json`` (what `--json` prints), ``report.html``, ``table.md``, ``table.csv``, LaTeX, pictures.

    What was not asked for has no file: ``radii.csv`` and ``radii.tex``, ``search-cost.tex``, ``security.png``.
    """
    drawn = {}
    if table.measured:
        found = {
            "cost.png": cost_picture(table),
            "security.png": security_curves(table),
            "searches.png": search_curves(table),
            "stages.png": stage_picture(table, teacher),
        }
        drawn = {name: content for name, content in found.items() if content is not None}
    pictures = {_TITLES[name]: content for name, content in drawn.items()}
    return {
        "report.json": canonical_json(table.to_dict()).encode(),
        "report.html": benchmark_html(table, pictures).encode(),
        "table.md": markdown(table).encode(),
        "table.csv": comma_separated(table).encode(),
        **({"radii.csv": radii_separated(table).encode()} if table.radii else {}),
        **{name: content.encode() for name, content in latex_files(table).items()},
        **drawn,
    }


def write_pages(folder: Path, table: BenchmarkTable, teacher: ResidualSpec) -> None:
    """Writes the files of a benchmark into a new folder, whole or not at all.

    Raises:
        InvalidInput: something is there already.
        Unavailable: the disk refuses.
    """
    check_new(folder)  # once more: a benchmark may take hours
    files = page_files(table, teacher)
    with new_folder(folder) as temporary:
        for name, content in files.items():
            write_file(temporary / name, content)
