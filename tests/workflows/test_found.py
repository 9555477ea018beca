import json
from dataclasses import replace

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import SearchResult
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.found import keep_found, pareto_table, visits_table
from tests.search.formula import Formula, make_problem

PROBLEM = make_problem()
CURVE = ({"loss": 2.0}, {"loss": 1.5})


def search(seed=0, visits=4):
    found = NamedMethod("random", visits, seed=seed).run(PROBLEM, Formula(), Silent())
    outcomes = [replace(visit.outcome, curve=CURVE, margin=0.25) for visit in found.visits]
    pairs = zip(found.visits, outcomes, strict=True)
    return SearchResult(tuple(replace(visit, outcome=outcome) for visit, outcome in pairs), {})


def artifacts(store, run):
    return {file.path for file in store.client().list_artifacts(run.id, "search")}


def test_a_visit_is_told_with_its_cost_worth_margin_and_curve():
    visit, row = search().visits[1], visits_table(search())[1]
    assert row["spec"] == visit.proposal.spec.to_dict()
    assert (row["id"], row["digest"], row["status"]) == (1, visit.proposal.spec.digest, "trained")
    assert (row["reward"], row["accuracy"]) == (visit.outcome.reward, visit.outcome.accuracy)
    assert (row["macs"], row["parameters"]) == (visit.outcome.macs, visit.outcome.parameters)
    assert (row["margin"], row["curve"]) == (0.25, [{"loss": 2.0}, {"loss": 1.5}])
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_the_front_is_told_with_what_it_is_held_against():
    searches = {"r-nas": search(), "random": search(seed=1)}
    table = pareto_table(searches, PROBLEM)
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert (table["task"], table["threat"], table["evaluation_samples"]) == (str(PROBLEM.task), "linf@1/5", 256)
    assert (table["budget"], table["teacher"]["macs"]) == (PROBLEM.budget, PROBLEM.teacher.macs)
    every = [(method, visit) for method, result in searches.items() for visit in result.visits]
    for row in table["front"]:
        (visit,) = [v for method, v in every if (method, v.proposal.id) == (row["method"], row["id"])]
        assert row["digest"] == visit.proposal.spec.digest
        assert not any(v.outcome.macs <= row["macs"] and v.outcome.accuracy > row["accuracy"] for _, v in every)


def test_a_run_keeps_the_front_and_four_pictures(store):
    with open_run(store, "finetune", "x", {}) as run:
        keep_found(run, PROBLEM, {"r-nas": search()})
        pictures = {f"search/{name}.png" for name in ("search", "pareto", "learning", "compression")}
        assert artifacts(store, run) == {"search/pareto.json", *pictures}


def test_where_nothing_trained_there_is_no_network_to_compare(store):
    diverged = [replace(v, outcome=replace(v.outcome, status="failed", accuracy=0.0)) for v in search().visits]
    with open_run(store, "finetune", "x", {}) as run:
        keep_found(run, PROBLEM, {"r-nas": SearchResult(tuple(diverged), {})})
        assert "search/pareto.png" in artifacts(store, run)
        assert "search/compression.png" not in artifacts(store, run)
    assert pareto_table({"r-nas": SearchResult(tuple(diverged), {})}, PROBLEM)["front"] == []


def test_a_network_of_another_number_of_stages_is_left_out_of_the_picture(store):
    teacher = PROBLEM.teacher.spec
    two = replace(teacher, stages=teacher.stages[:2])
    assert cost(two).macs < cost(teacher).macs
    with open_run(store, "finetune", "x", {}) as run:
        keep_found(run, PROBLEM, {"r-nas": search()}, {"robustresnet": two})
        assert "search/compression.png" in artifacts(store, run)
