from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from rcnas_zoo.candidates.reward import reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.replay import rewards
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.meta import MetaSettings, MetaStep, MetaTrainer, meta_agent, printed_agent
from rcnas_zoo.search.registry import make_searcher
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.search.tabulated_tasks import TabulatedTask, TabulatedTasks
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_table

SMALL = {"pretraining_tasks": 128, "pretraining_steps": 5}
TABLE = formula_table(rows=120)
TASKS = TabulatedTasks(
    [
        TabulatedTask(TABLE, Task.parse(f"digits/{attack}/{teacher}/{budget}"), ThreatModel.parse(threat))
        for attack, threat in (("fgsm", "linf@1/5"), ("pgd-20", "linf@1/10"))
        for teacher in ("wrn-16-2", "wrn-10-1")
        for budget in ("2m", "4m")
    ]
)


def settings(iterations: int = 4, **changes) -> MetaSettings:
    return MetaSettings(iterations=iterations, agent=meta_agent(iterations, **SMALL, **changes))


def trainer(chosen: MetaSettings, seed: int = 0, tasks: TabulatedTasks = TASKS) -> MetaTrainer:
    return MetaTrainer(chosen, Actor.fresh(chosen.agent, 3, 0), tasks, seed)


def run(meta: MetaTrainer) -> list[MetaStep]:
    steps = []
    while not meta.finished:
        steps.append(meta.step(Silent()))
    return steps


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name].nan_to_num(-9), second[name].nan_to_num(-9)) for name in first
    )


def test_an_iteration_is_five_networks_of_one_task_within_the_budget():
    steps = run(trainer(settings()))
    assert [(step.iteration, step.step) for step in steps] == [(i, t) for i in range(4) for t in range(5)]
    for iteration in range(4):
        some = [step for step in steps if step.iteration == iteration]
        assert len({step.task for step in some}) == 1
        assert {step.teacher for step in some} == {TASKS.roots(some[0].task)[0]}
        assert len({step.proposal.spec for step in some}) == 5
        assert all(cost(step.proposal.spec).macs <= TASKS.budget(step.task) for step in some)


def test_the_same_seed_gives_the_same_policy_and_another_seed_another():
    first, again, other = (trainer(settings(), seed) for seed in (0, 0, 1))
    for meta in (first, again, other):
        run(meta)
    assert same(first.state(), again.state())
    assert not same(first.state(), other.state())


@pytest.mark.parametrize("students_enter", [False, True])
@pytest.mark.parametrize("stop", [1, 5, 7])
def test_a_stored_and_restored_training_goes_on_bit_by_bit(stop, students_enter):
    chosen = replace(settings(3), students_enter=students_enter)
    whole, first, second = trainer(chosen), trainer(chosen), trainer(chosen, seed=9)
    run(whole)
    for _ in range(stop):
        first.step(Silent())
    second.restore(load(save({name: tensor.contiguous() for name, tensor in first.state().items()})))
    run(second)
    assert same(whole.state(), second.state())
    assert same(whole.experience().tensors(), second.experience().tensors())


def test_students_enter_the_buffer_and_the_budget_stays_the_share_of_their_root():
    chosen = replace(settings(40), students_enter=True)
    steps = run(trainer(chosen))
    compressed = 0
    for step in steps:
        roots = TASKS.roots(step.task)
        if step.teacher in roots:
            continue
        compressed += 1
        earlier = [s.proposal.spec for s in steps if s.iteration == step.iteration and s.step < step.step]
        assert step.teacher.stages in [spec.stages for spec in earlier]
        share = TASKS.budget(step.task) / cost(roots[0]).macs
        assert step.outcome.macs <= share * max(cost(root).macs for root in roots) + 1
        if step.outcome.status == "trained":
            own = 1 - step.outcome.parameters / cost(roots[0]).parameters
            assert step.root_compression == pytest.approx(own)
    assert compressed > 20


def test_the_experience_is_what_the_tasks_own_teachers_make_of_the_outcomes():
    meta = trainer(settings(6))
    steps, found = run(meta), meta.experience()
    once = {(step.task, step.proposal.spec): step for step in steps}
    assert len(found) == len(once)
    for row, step in enumerate(once.values()):
        problem = TASKS.tasks[step.task].problem
        assert int(found.task[row]) == step.task
        assert float(found.ratio[row]) == pytest.approx(step.outcome.accuracy / problem.teacher.accuracy, rel=1e-2)
        achieved = (step.outcome.accuracy, step.outcome.parameters, step.outcome.macs)
        assert float(found.reward[row]) == pytest.approx(reward(*achieved, problem), rel=1e-2)
        assert float(found.severity[step.task]) == pytest.approx(1 - problem.teacher.accuracy)


def test_the_printed_form_draws_over_the_budget_and_anneals_the_penalty():
    chosen = MetaSettings(iterations=8, students_enter=True, agent=printed_agent(**SMALL))
    meta = trainer(chosen)
    steps = run(meta)
    over = [step for step in steps if step.outcome.status == "over-budget"]
    assert over
    within = {(step.task, step.proposal.spec) for step in steps if step not in over}
    assert len(meta.experience()) == len(within)


def test_a_meta_trained_policy_starts_better_than_chance():
    chosen = MetaSettings(iterations=150, agent=meta_agent(150, **SMALL))
    # Most networks of the table are larger than a WRN-10-1, so its tasks teach smallness and little else.
    large = TabulatedTasks([task for task in TASKS.tasks if str(task.task.teacher) == "wrn-16-2"])
    meta = trainer(chosen, tasks=large)
    run(meta)
    knowledge = Knowledge(policy_part(meta.state()))
    held_out = TabulatedTask(TABLE, Task.parse("digits/pgd-20/wrn-16-2/3m"), ThreatModel.parse("linf@1/5"))
    worth = rewards(TABLE, held_out.problem)
    chance = float(worth[TABLE.macs <= held_out.problem.budget].mean())
    found = []
    for seed in range(12):
        given = Given(TabulatedSpace.on(TABLE), 4, seed, knowledge=knowledge)
        searcher = make_searcher("rc-nas", held_out.problem, given)
        found += [float(worth[TABLE.row_of(proposal.spec)]) for proposal in searcher.propose(4)]
    assert sum(found) / len(found) > chance + 0.02


def test_bad_settings_are_refused():
    with pytest.raises(InvalidInput, match="the iterations"):
        MetaSettings(iterations=0)
    with pytest.raises(InvalidInput, match="leave-one-out must have at least 2 steps"):
        meta_agent(10, steps=1)
