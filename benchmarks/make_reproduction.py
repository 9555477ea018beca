"""Writes the tables of ``docs/reproduction.md`` anew: python benchmarks/make_reproduction.py"""

from pathlib import Path

from rcnas_zoo.workflows.reproduce_page import page_tables

PAGE = Path(__file__).parents[1] / "docs" / "reproduction.md"
MARK = "## The tables\n\n"

if __name__ == "__main__":
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(head + mark + page_tables(), encoding="utf-8")
