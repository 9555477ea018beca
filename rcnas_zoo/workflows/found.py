"""What the searches of a run found, kept with the run: tables for programs and pictures for people."""

from collections.abc import Mapping
from typing import Any

from rcnas_zoo.reporting.compression import compression_picture
from rcnas_zoo.reporting.learning import learning_picture
from rcnas_zoo.reporting.pareto import pareto_picture
from rcnas_zoo.reporting.pictures import search_picture
from rcnas_zoo.search.pareto import Found, pareto_front
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem, SearchResult, Visit
from rcnas_zoo.tracking.runs import TrackedRun


def keep_found(
    run: TrackedRun,
    problem: SearchProblem,
    searches: Mapping[str, SearchResult],
    others: Mapping[str, NetworkSpec] | None = None,
) -> None:
    """Log the Pareto front of all searches and the pictures of a run under ``search/``.

    Args:
        run: where they are kept.
        problem: what was searched.
        searches: method name to its result; each one's visits are kept when it ends (see `visits_table`).
        others: name to network, drawn beside the best of each search.
    """
    run.artifact("search/pareto.json", canonical_json(pareto_table(searches, problem)))
    run.artifact("search/pareto.png", pareto_picture(searches, problem))
    run.artifact("search/search.png", search_picture(searches, problem))
    run.artifact("search/learning.png", learning_picture(searches, problem))
    teacher = ResidualSpace.of(problem.teacher.spec).teacher
    networks = _comparable(teacher, {**_best_specs(searches), **(others or {})})
    if networks:
        title = f"{problem.task}: the best network of each search, stage by stage"
        run.artifact("search/compression.png", compression_picture(title, teacher, networks))


def visits_table(result: SearchResult) -> list[dict[str, Any]]:
    """Every visited network with its cost, worth and learning curve, as plain JSON data."""
    return [{**_row(visit), "curve": [dict(epoch) for epoch in visit.outcome.curve]} for visit in result.visits]


def pareto_table(searches: Mapping[str, SearchResult], problem: SearchProblem) -> dict[str, Any]:
    """The Pareto front of all searches, from the cheapest network on, and what it is held against: plain JSON data."""
    teacher = problem.teacher
    return {
        "task": str(problem.task),
        "threat": str(problem.threat),
        "evaluation_samples": problem.evaluation_samples,
        "budget": problem.budget,
        "teacher": {"accuracy": teacher.accuracy, "macs": teacher.macs, "parameters": teacher.parameters},
        "front": [_front_row(found) for found in pareto_front(searches)],
    }


def _front_row(found: Found) -> dict[str, Any]:
    return {"method": found.method, **_row(found.visit)}


def _row(visit: Visit) -> dict[str, Any]:
    outcome = visit.outcome
    return {
        "id": visit.proposal.id,
        "spec": visit.proposal.spec.to_dict(),
        "digest": visit.proposal.spec.digest,
        "note": visit.proposal.note,
        "reward": outcome.reward,
        "accuracy": outcome.accuracy,
        "clean_accuracy": outcome.clean_accuracy,
        "margin": outcome.margin,
        "macs": outcome.macs,
        "parameters": outcome.parameters,
        "status": outcome.status,
    }


def _best_specs(searches: Mapping[str, SearchResult]) -> dict[str, NetworkSpec]:
    return {method: result.best.proposal.spec for method, result in searches.items() if result.best is not None}


def _comparable(teacher: ResidualSpec, networks: Mapping[str, NetworkSpec]) -> dict[str, ResidualSpec]:
    """The networks that have the teacher's number of stages; the rule's three may face a teacher with others."""
    return {
        name: spec
        for name, spec in networks.items()
        if isinstance(spec, ResidualSpec) and len(spec.stages) == len(teacher.stages)
    }
