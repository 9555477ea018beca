from ..answers import document


def test_a_table_is_shown_as_text_and_as_a_document(run, here):
    text = run("reproduce", "table-1").stdout
    assert text.startswith("table-1 of arXiv:2406.06792: ")
    found = document(run("reproduce", "table-1", "--json"))
    assert set(found) == {"table", "title", "source", "unit", "columns", "assumptions", "cells"}
    assert len(found["cells"]) == 44
    assert set(found["cells"][0]) == {
        *("row", "printed_as", "method", "network", "budget", "without", "dataset", "parameters", "macs"),
        *("claimed", "printed", "states", "flags", "hours", "forecast", "twin", "command", "measured"),
    }
    assert list(here.iterdir()) == []


def test_one_row_is_shown_alone(run, here):
    cells = document(run("reproduce", "table-9", "--row", "rc-nas-10g", "--json"))["cells"]
    assert [(cell["row"], cell["dataset"], cell["states"][0]) for cell in cells] == [
        ("rc-nas-10g", "cifar10", "too costly here"),
        ("rc-nas-10g", "cifar100", "inconsistent in the paper"),
    ]


def test_a_row_is_made_with_the_command_that_resumes_it(run, here, monkeypatch):
    seen = []

    def make(work, asked, machine, observer, command):
        seen.append((str(work), machine.device, machine.workers, command))

    monkeypatch.setattr("rcnas_zoo.workflows.reproduce.make", make)
    line = "reproduce table-9 --row sat-5g --scale tiny --workers 1 --device cpu --json"
    assert run(*line.split()).exit_code == 0
    work = "tiny SAT (763.52 K MACs) on digits, 10 epochs of sat"
    assert seen == 2 * [(work, "cpu", 1, f"rcnas-zoo {line}")]


def test_refusals_are_one_line(run, here):
    wrong, dear = run("reproduce", "table-8"), run("reproduce", "table-1", "--row", "wrn-28-10", "--scale", "paper")
    assert (wrong.exit_code, dear.exit_code) == (2, 1)
    assert wrong.stderr.startswith("error: a table of the paper must be one of table-1, ")
    assert dear.stderr.startswith("error: wrn-28-10 of table-1 must have a GPU at the paper's scale, ")
