"""From a method to the work that its row is."""

import time
from collections.abc import Sequence
from dataclasses import replace

from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.workflows.benchmarking.making import (
    check,
    given_spec,
    reference_training,
    shared_pruning,
    unmeasured_searcher,
)
from rcnas_zoo.workflows.benchmarking.measures import Measure
from rcnas_zoo.workflows.benchmarking.methods import PRUNING, REFERENCE, SEARCH
from rcnas_zoo.workflows.benchmarking.planning.work import Look, RowWork, Training, Work
from rcnas_zoo.workflows.prepare import Prepared

DRAWN = 5
"""Networks that stand for those which a search will visit: its own first proposals, before it has heard of any."""
_SEARCHERS = 3
"""How often a study of one trial makes its searcher: to check, to search, and to take the best trial up again."""


def row_work(method: str, prepared: Prepared, measures: Sequence[Measure]) -> RowWork:
    """The work of a method for one seed.

    Args:
        method: one of `METHODS`.
        prepared: the task.
        measures: what the best trial is asked on the test split.
    """
    try:
        check(method, prepared)
    except InvalidInput as error:
        return RowWork(method, infeasible=str(error))
    if method in SEARCH:
        trial, specs = _search(method, prepared)
    else:
        trial, specs = _single(method, prepared)
    test = sum((_tested(prepared, spec, measures) for spec in specs), Work()).times(1 / len(specs))
    return RowWork(method, "", trial, test, 1 + (prepared.settings.visits if method in SEARCH else 0))


def teacher_work(prepared: Prepared) -> Work:
    """What is done once for a seed before its studies: the searches' teacher is trained and attacked, twice."""
    if prepared.teacher.weights is not None:
        return _scored(prepared, prepared.teacher.spec).times(2)
    return Work(((1.0, training_of(prepared.search)),)) + _scored(prepared, prepared.search.spec).times(2)


def training_of(job: TrainingJob) -> Training:
    """The work of a training job."""
    splits = job.source.splits()
    return Training(job.spec, job.recipe, len(splits.train), len(splits.evaluation))


def _single(method: str, prepared: Prepared) -> tuple[Work, list[NetworkSpec]]:
    """What a trial does that makes one network, and that network."""
    spec = prepared.teacher.spec
    if method in PRUNING:
        return _pruning(method, prepared) + _scored(prepared, spec), [spec]
    job = (
        reference_training(method, prepared)
        if method in REFERENCE
        else replace(prepared.final, spec=given_spec(method, prepared))
    )
    return Work(((1.0, training_of(job)),)) + _scored(prepared, job.spec), [job.spec]


def _scored(prepared: Prepared, spec: NetworkSpec) -> Work:
    images = len(prepared.final.source.splits().evaluation)
    return Work(looks=((1.0, Look(spec, str(prepared.task.attack), images)),))


def _tested(prepared: Prepared, spec: NetworkSpec, measures: Sequence[Measure]) -> Work:
    images = len(prepared.final.source.dataset().test())
    return Work(looks=tuple((1.0, Look(spec, one.attack, min(one.samples or images, images))) for one in measures))


def _search(method: str, prepared: Prepared) -> tuple[Work, list[NetworkSpec]]:
    """What a trial does that searches, and its first proposals.

    They stand for what it will visit, which nobody knows before it, and for what it will find.
    """
    visits = prepared.settings.visits
    started = time.process_time()
    proposals = unmeasured_searcher(method, prepared).propose(min(visits, DRAWN))
    thinking = time.process_time() - started
    specs = [proposal.spec for proposal in proposals]
    visit, final = Work(), Work()
    for spec in specs:
        visit += Work(((1.0, training_of(replace(prepared.search, spec=spec))),)) + _scored(prepared, spec)
        visit += Work(looks=((1.0, Look(spec, "fgsm", len(prepared.search.source.splits().evaluation))),))
        final += Work(((1.0, training_of(replace(prepared.final, spec=spec))),)) + _scored(prepared, spec)
    share = 1 / len(specs)
    return visit.times(visits * share) + final.times(share) + Work(thinking=_SEARCHERS * thinking), specs


def _pruning(method: str, prepared: Prepared) -> Work:
    """Its stages on the teacher; where single weights are pruned, no stage costs a machine less."""
    recipe, first = shared_pruning(method, prepared), training_of(prepared.final)
    stages = [replace(first, recipe=recipe.stage(name), stage=name, pruning=recipe) for name in recipe.stages[1:]]
    return Work(tuple((1.0, stage) for stage in (replace(first, recipe=recipe.stage("pretrain")), *stages)))
