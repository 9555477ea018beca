"""A benchmark as one HTML file that needs no network."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.table import BenchmarkTable, best_of
from rcnas_zoo.reporting.benchmark_sections import sections
from rcnas_zoo.reporting.benchmark_tables import TESTS, cells, doubts, headline, legend, points, told_tests
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.version import VERSION


@dataclass(frozen=True)
class _Cell:
    text: str
    best: bool


def benchmark_html(table: BenchmarkTable, pictures: Mapping[str, bytes]) -> str:
    """The page: table, pictures, tests and settings.

    Args:
        table: what to show. The best mean of each accuracy among the rows within the budget is set in bold.
        pictures: title to PNG; they become part of the file.
    """
    from jinja2 import Environment, StrictUndefined

    source = (files("rcnas_zoo.reporting") / "templates" / "benchmark.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    header, rows = cells(table, points)
    return template.render(
        headline=headline(table),
        header=header,
        rows=[_row(table, row, header, texts) for row, texts in zip(table.measured, rows, strict=True)],
        infeasible=table.infeasible,
        legend=legend(table),
        doubts=doubts(table),
        sections=sections(table, points),
        notes=table.remarks,
        pictures=[{"title": title, "data": b64encode(png).decode()} for title, png in pictures.items()],
        test_header=TESTS,
        tests=told_tests(table),
        settings=[one for row in table.measured for one in _settings(row)],
        version=VERSION,
    )


def _row(table: BenchmarkTable, row: Row, header: list[str], texts: list[str]) -> dict[str, Any]:
    best = {name for name in row.accuracies if row.estimate(name).mean == best_of(table.measured, name)}
    found = [_Cell(text, title in best and not row.over_budget) for title, text in zip(header, texts, strict=True)]
    return {"over": row.over_budget, "cells": found}


def _settings(row: Row) -> list[dict[str, Any]]:
    return [
        {
            "method": row.method,
            "seed": result.seed,
            "digest": result.spec.digest[:12],
            "settings": canonical_json(dict(result.settings)) if result.settings else "defaults",
        }
        for result in row.results
    ]
