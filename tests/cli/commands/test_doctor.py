import json

import pytest

from rcnas_zoo.workflows import doctor
from rcnas_zoo.workflows.doctor import Finding

from ..answers import document, error_line


@pytest.fixture
def found(monkeypatch):
    """What the examination finds."""

    def find(*findings):
        monkeypatch.setattr(doctor, "examine", lambda machine: list(findings))

    return find


def test_the_document_tells_every_finding(run, there):
    rows = document(run("doctor", "--json"))
    assert all(set(row) == {"name", "works", "needed", "detail"} for row in rows)
    works = {row["name"]: row["works"] for row in rows}
    expected = {"package torch": True, "tracking store": True, "data digits": True, "data cifar10": False}
    assert {name: works[name] for name in expected} == expected
    assert works["entry wrn-28-10"]


def test_people_get_a_line_a_finding(run, found):
    found(Finding("a", True, True, "fine"), Finding("b", False, False, "absent"))
    answer = run("doctor")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "ok    a: fine\nno    b: absent\n", "")


def test_something_needed_that_does_not_work_is_an_error_after_the_findings(run, found):
    found(Finding("a", True, True, "fine"), Finding("b", False, True, "gone"), Finding("c", False, True, "gone too"))
    answer = run("doctor")
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[1:] == ["FAIL  b: gone", "FAIL  c: gone too"]
    assert error_line(answer) == "what the package needs must work, but b does not: gone"
    assert len(json.loads(run("doctor", "--json").stdout)) == 3


def test_looking_makes_no_store(run, here):
    assert run("doctor").exit_code == 0
    assert list(here.iterdir()) == []


def test_a_store_that_does_not_answer_is_found(run, here, closed_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed_server.tracking_uri)
    answer = run("doctor")
    assert answer.exit_code == 1
    assert error_line(answer).startswith(
        "what the package needs must work, but tracking store does not: the MLflow server"
    )
