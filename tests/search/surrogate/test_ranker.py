from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings, accuracy_ratio, reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.oracles.replay import rewards
from rcnas_zoo.search.surrogate.features import network_features
from rcnas_zoo.search.surrogate.ranker import SurrogateRanker, prior_of
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.search import Outcome
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_table
from tests.search.experience import experience_of

TABLE = formula_table(rows=80)
PROBLEM = problem_on(TABLE, Task.parse("digits/pgd-20/wrn-16-2/4m"), ThreatModel.parse("linf@1/5"))
PRIOR = prior_of(experience_of(formula_table(rows=60, seed=3)), TABLE.grid)


def kendall(first: torch.Tensor, second: torch.Tensor) -> float:
    signs = (first[:, None] - first).sign() * (second[:, None] - second).sign()
    return float(signs.sum() / (len(first) * (len(first) - 1)))


def ranker(evaluations: int = 30, form: str = "compression") -> SurrogateRanker:
    return SurrogateRanker(PROBLEM, PRIOR, RewardSettings(form=form), evaluations)


def outcome(spec, accuracy: float, status: str = "trained") -> Outcome:
    price = cost(spec)
    return Outcome(
        reward(accuracy, price.parameters, price.macs, PROBLEM), accuracy, price.macs, price.parameters, status
    )


def test_networks_that_it_never_saw_are_ranked_by_what_others_taught():
    mean, _ = PRIOR.belief.predict(PRIOR.rows(TABLE.specs, 1 - PROBLEM.teacher.accuracy))
    truth = TABLE.column("pgd-20", ThreatModel.parse("linf@1/5"))
    assert kendall(mean, truth) > 0.7


def test_the_network_that_it_likes_best_is_among_the_best():
    affordable = [row for row, macs in enumerate(TABLE.macs.tolist()) if macs <= PROBLEM.budget]
    chosen = affordable[ranker(evaluations=1).best([TABLE.specs[row] for row in affordable])]
    worth = rewards(TABLE, PROBLEM)[affordable]
    assert float(rewards(TABLE, PROBLEM)[chosen]) >= float(worth.quantile(0.9))


def test_a_bad_outcome_changes_its_mind():
    some = list(TABLE.specs[:10])
    judge = ranker()
    favourite = judge.best(some)
    for _ in range(5):
        judge.observe(some[favourite], outcome(some[favourite], 0.0))
    assert judge.best(some) != favourite


def test_what_was_not_trained_teaches_nothing_but_counts():
    judge, other = ranker(), ranker()
    judge.observe(TABLE.specs[0], outcome(TABLE.specs[0], 0.0, "failed"))
    assert torch.equal(judge.state()["mean"], other.state()["mean"])
    assert int(judge.state()["told"]) == 1


def test_the_last_choices_are_not_optimistic():
    judge = ranker(evaluations=3)
    rows = PRIOR.rows(TABLE.specs, 1 - PROBLEM.teacher.accuracy)
    mean, _ = PRIOR.belief.predict(rows)
    factors = torch.tensor([reward(1.0, p.parameters, PROBLEM.budget, PROBLEM) for p in TABLE.costs])
    expected = (mean * factors / accuracy_ratio(1.0, PROBLEM)).argmax()
    assert judge.best(TABLE.specs) == int(expected)


def test_a_reward_of_accuracy_alone_is_ranked_without_compression():
    judge = ranker(evaluations=1, form="accuracy")
    mean, _ = PRIOR.belief.predict(PRIOR.rows(TABLE.specs, 1 - PROBLEM.teacher.accuracy))
    assert judge.best(TABLE.specs) == int(mean.argmax())


def test_a_restored_ranker_goes_on_as_the_first_would():
    first, second = ranker(), ranker()
    first.observe(TABLE.specs[0], outcome(TABLE.specs[0], 0.9))
    second.restore(first.state())
    assert torch.equal(first.state()["covariance"], second.state()["covariance"])
    assert first.best(TABLE.specs) == second.best(TABLE.specs)


@pytest.mark.parametrize("stages", [2, 4])
def test_features_are_as_many_for_every_network_of_as_many_stages(stages):
    spec = replace(TABLE.grid, stages=TABLE.grid.stages[:1] * stages)
    assert len(network_features(spec)) == 7 * stages + 2 * (stages * (stages - 1) // 2) + 4


def test_evaluations_of_another_number_of_stages_are_refused():
    experience = experience_of(formula_table(rows=5, seed=1))
    four = replace(experience, stages=torch.cat([experience.stages, experience.stages[:, :1]], 1))
    with pytest.raises(InvalidInput, match="must be of networks of 3 stages, got 4"):
        prior_of(four, TABLE.grid)
