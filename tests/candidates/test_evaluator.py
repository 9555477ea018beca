from dataclasses import replace

import pytest

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.candidates.attacked import attack_cached, attacked_images
from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.margins import margin_cached
from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.candidates.verdicts import AttackJob, ledgers_of
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec import Silent, StageSpec, Task, ThreatModel
from rcnas_zoo.spec.search import Proposal, SearchProblem, TeacherFacts
from rcnas_zoo.training.batches import Batches


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
    assert (outcome.status, outcome.accuracy, outcome.reward, outcome.margin) == ("failed", 0.0, 0.0, 0.0)


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
    assert outcome.margin == 0


@pytest.mark.parametrize("attack", ["pgd-2", "clean"])
def test_an_outcome_has_the_margin_of_the_trained_network_and_it_is_in_the_reward(job, problem, attack):
    problem = replace(problem, task=Task.parse(f"digits/{attack}/wrn-16-2/500k"))
    (outcome,) = outcomes(job, problem, [job.spec], 1)
    student, images = build(job.spec), job.source.splits().evaluation
    student.load_state_dict(train_cached(job).best)
    asked = AttackJob.after(replace(job, cache=job.cache / "other"), (attack,), problem.threat)
    ledgers = ledgers_of(student, job.spec, images, asked)
    assert outcome.margin == margin_cached(student, job.spec, images, ledgers) != 0
    with_margin, without = (
        reward(outcome.accuracy, outcome.parameters, outcome.macs, problem, margin=margin)
        for margin in (outcome.margin, 0.0)
    )
    assert outcome.reward == with_margin != without


def test_an_evaluation_that_is_kept_attacks_nothing_again(job, problem, monkeypatch):
    first = outcomes(job, problem, [job.spec], 1)
    monkeypatch.setattr("rcnas_zoo.attacks.base.Attack.perturb_seeded", lambda *_: pytest.fail("attacked twice"))
    assert outcomes(job, problem, [job.spec], 1) == first


def test_all_candidates_see_the_same_batches_and_are_attacked_from_the_same_starts(job, problem, monkeypatch):
    batches, starts, draw, start = [], [], Batches.batch, Ball.random_start

    def watched_batch(self, update):
        batch = draw(self, update)
        batches.append((batch.images, batch.labels, batch.noise))
        return batch

    def watched_start(self, images, seeds, clipped=True):
        found = start(self, images, seeds, clipped)
        starts.append({seed: (image, begin) for seed, image, begin in zip(seeds, images, found, strict=True)})
        return found

    monkeypatch.setattr(Batches, "batch", watched_batch)
    monkeypatch.setattr(Ball, "random_start", watched_start)
    job = replace(job, recipe=job.recipe.with_changes(flip=True, epochs=3, batch_size=64))
    seen = []
    for spec in (job.spec, replace(job.spec, stem_width=8)):
        batches.clear()
        starts.clear()
        outcomes(job, problem, [spec], 1)
        seen.append((list(batches), {seed: pair for part in starts for seed, pair in part.items()}))
    (first_batches, first_starts), (other_batches, other_starts) = seen
    assert len(first_batches) == len(other_batches) > 1
    for one, other in zip(first_batches, other_batches, strict=True):
        assert all(a.equal(b) for a, b in zip(one, other, strict=True))
    # A network is only attacked where it is right, so the two share some of the images.
    shared = first_starts.keys() & other_starts.keys()
    assert len(shared) > 20
    assert all(a.equal(b) for seed in shared for a, b in zip(first_starts[seed], other_starts[seed], strict=True))
