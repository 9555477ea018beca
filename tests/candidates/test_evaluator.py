from dataclasses import replace

import pytest

from rcnas_zoo.candidates.attacked import attack_cached, attacked_images
from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.candidates.verdicts import AttackJob
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec import Silent, StageSpec, Task, ThreatModel
from rcnas_zoo.spec.search import Proposal, SearchProblem, TeacherFacts


@pytest.fixture
def problem(job) -> SearchProblem:
    spec = replace(job.spec, stages=(StageSpec(2, 32), StageSpec(2, 32, 2)))
    price = cost(spec)
    facts = TeacherFacts(spec, price.parameters, price.macs, 0.5, (0.0,) * 7)
    return SearchProblem(Task.parse("digits/pgd-2/wrn-16-2/500k"), ThreatModel.parse("linf@1/10"), facts, 287)


class Heard(Silent):
    """An observer that remembers what it was told."""

    def __init__(self):
        self.steps = []

    def epoch(self, number, total, metrics):
        pytest.fail("the epochs of which candidate?")

    def progress(self, label, done, total, note=""):
        self.steps.append((label, done, total, note))


def outcomes(job, problem, specs, workers, observer=None):
    proposals = [Proposal(index, spec) for index, spec in enumerate(specs)]
    with Workers(workers) as pool:
        return TrainingEvaluator(job, pool, RewardSettings()).evaluate(problem, proposals, observer or Silent())


def test_a_network_over_the_budget_is_never_trained(job, problem):
    (outcome,) = outcomes(job, problem, [problem.teacher.spec], 1)
    assert (outcome.status, outcome.accuracy, outcome.reward) == ("over-budget", 0.0, -1.0)
    assert not (job.cache / "training").exists()


def test_outcomes_come_in_order_and_are_the_same_for_any_number_of_workers(job, problem, tmp_path):
    specs = [job.spec, problem.teacher.spec, replace(job.spec, activation="silu")]
    alone = outcomes(job, problem, specs, 1)
    together = outcomes(replace(job, cache=tmp_path / "other"), problem, specs, 2)
    assert [replace(o, seconds=0) for o in alone] == [replace(o, seconds=0) for o in together]
    assert [outcome.status for outcome in alone] == ["trained", "over-budget", "trained"]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_observer_sees_each_candidate_under_way_and_how_many_are_done(job, problem, workers):
    heard = Heard()
    outcomes(job, problem, [job.spec, problem.teacher.spec, replace(job.spec, activation="silu")], workers, heard)
    counted = [step[1:3] for step in heard.steps if step[0] == "candidates of this step"]
    assert counted == [(0, 2), (1, 2), (2, 2)]
    for label in ("candidate 0", "attacking candidate 0", "candidate 2", "attacking candidate 2"):
        (*_, last) = [step for step in heard.steps if step[0] == label]
        assert last[1] == last[2]
    assert {label for label, *_ in heard.steps if label.endswith("1")} == set()
    assert all(note.startswith("epoch 1/1") for label, _, _, note in heard.steps if label.startswith("candidate "))


def test_without_an_affordable_network_there_is_nothing_to_see(job, problem):
    heard = Heard()
    outcomes(job, problem, [problem.teacher.spec], 1, heard)
    assert heard.steps == []


def test_a_diverged_training_is_worth_nothing(job, problem):
    wild = replace(job, recipe=job.recipe.with_changes(learning_rate=100.0, gradient_clip=0.0, momentum=1.0, epochs=3))
    (outcome,) = outcomes(wild, problem, [job.spec], 1)
    assert (outcome.status, outcome.accuracy, outcome.reward) == ("failed", 0.0, 0.0)


def test_transfer_measures_candidates_on_the_images_attacked_on_the_teacher(job, problem):
    images = job.source.splits().evaluation
    attack = AttackJob.after(job, (str(problem.task.attack),), problem.threat)
    key = attack_cached(build(problem.teacher.spec), problem.teacher.spec, images, attack)
    problem = replace(problem, teacher=replace(problem.teacher, attacked=key))
    with Workers(1) as pool:
        evaluator = TrainingEvaluator(job, pool, RewardSettings(), transfer=True)
        (outcome,) = evaluator.evaluate(problem, [Proposal(0, job.spec)], Silent())
    student = build(job.spec)
    student.load_state_dict(train_cached(job).best)
    right = student(attacked_images(attack, key)).argmax(1) == images.labels
    assert outcome.accuracy == pytest.approx(right.float().mean().item())
    assert outcome.clean_accuracy > 0
