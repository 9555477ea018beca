from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from rcnas_zoo.oracles.table import stage_numbers
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Experience, Knowledge, stages_of
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, RcnasSettings
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import BLOCKS, StageSpec
from tests.oracles.tables import formula_table
from tests.search.experience import experience_of

stages = st.builds(StageSpec, st.integers(1, 30), st.integers(16, 4096), st.integers(1, 2), st.sampled_from(BLOCKS))
FIRST = (StageSpec(1, 32), StageSpec(2, 16, 2))
SECOND = (StageSpec(3, 48, 1, "robust"), StageSpec(1, 64))
THIRD = (StageSpec(1, 16), StageSpec(1, 16))


def experience(*rows: tuple[int, tuple[StageSpec, ...], float], tasks: int) -> Experience:
    """Evaluations given as (task, network, reward)."""
    return Experience(
        task=torch.tensor([task for task, _, _ in rows]),
        stages=stage_numbers([network for _, network, _ in rows]),
        ratio=torch.ones(len(rows), dtype=torch.float64),
        reward=torch.tensor([value for _, _, value in rows], dtype=torch.float64),
        severity=torch.full((tasks,), 0.5, dtype=torch.float64),
    )


@given(st.lists(st.tuples(stages, stages), min_size=1, max_size=4))
def test_stages_are_kept_as_numbers(networks):
    assert [stages_of(row) for row in stage_numbers(networks)] == networks


def test_experience_is_stored_with_a_policy_and_found_again():
    whole = experience_of(formula_table(rows=4))
    stored = load(save({"policy.x": torch.ones(2), **whole.tensors()}))
    found = Knowledge(stored).experience
    assert len(found) == 12
    for name in ("task", "stages", "ratio", "reward", "severity"):
        assert torch.equal(getattr(found, name), getattr(whole, name))


def test_a_policy_may_have_no_experience(space):
    knowledge = Knowledge({"policy.x": torch.ones(2)})
    assert knowledge.experience is None
    with pytest.raises(InvalidInput, match="the method portfolio must have a policy with the evaluations"):
        Given(space, 1, knowledge=knowledge).require_experience("portfolio")
    with pytest.raises(InvalidInput, match="the method rc-nas must start from a policy, got none"):
        Given(space, 1).require_knowledge("rc-nas")


@pytest.mark.parametrize("name", ["task", "stages", "ratio", "reward", "severity"])
def test_a_part_that_is_missing_is_refused(name):
    tensors = experience_of(formula_table(rows=4)).tensors()
    del tensors[f"experience.{name}"]
    with pytest.raises(InvalidInput, match="the experience of a policy must have task, stages, ratio"):
        Experience.of(tensors)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ratio", torch.ones(5)),
        ("reward", torch.ones(5)),
        ("reward", torch.tensor(1.0)),
        ("task", torch.tensor(1)),
        ("stages", torch.ones(12, 4)),
        ("stages", torch.ones(12, 3, 2)),
        ("severity", torch.ones(2)),
        ("severity", torch.tensor(1.0)),
        ("task", torch.full((12,), -1)),
    ],
)
def test_parts_that_do_not_fit_are_refused(name, value):
    tensors = experience_of(formula_table(rows=4)).tensors()
    with pytest.raises(InvalidInput, match="the experience of a policy must have"):
        Experience.of({**tensors, f"experience.{name}": value})


def test_winners_are_the_best_of_each_task_those_of_more_tasks_first():
    rows = [(0, FIRST, 0.9), (0, SECOND, 0.5), (1, FIRST, 0.1), (1, SECOND, 0.7), (3, SECOND, 0.2), (3, THIRD, 0.1)]
    # Nothing was evaluated on task 2.
    assert list(experience(*rows, tasks=4).winners()) == [SECOND, FIRST]


def test_winners_of_equally_many_tasks_keep_the_tasks_order():
    rows = [(1, SECOND, 0.7), (0, THIRD, 0.3), (0, FIRST, 0.9)]
    assert list(experience(*rows, tasks=2).winners()) == [FIRST, SECOND]


def test_no_evaluations_have_no_winners():
    assert list(experience((0, FIRST, 1.0), tasks=1).winners()) == [FIRST]
    nothing = Experience(*(torch.zeros(0), torch.zeros(0, 2, 4), torch.zeros(0), torch.zeros(0), torch.zeros(0)))
    assert list(nothing.winners()) == []


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ratio", lambda values: values * float("nan"), "the ratio of a policy's experience must be finite"),
        ("ratio", lambda values: values.float(), "the ratio of a policy's experience must be torch.float64"),
        ("ratio", lambda values: values + 2, r"the ratio of a policy's experience must lie in \[0, 2\]"),
        ("severity", lambda values: values - 1, r"the severity of a policy's experience must lie in \[0, 1\]"),
        ("stages", lambda values: values.int(), "the stages of a policy's experience must be torch.int64"),
    ],
)
def test_an_experience_that_a_model_cannot_compute_with_is_refused(name, change, message):
    tensors = experience_of(formula_table(rows=5, seed=1)).tensors()
    tensors[f"experience.{name}"] = change(tensors[f"experience.{name}"])
    with pytest.raises(InvalidInput, match=message):
        _ = Knowledge(tensors).experience


def test_an_experience_of_nothing_is_none():
    empty = {name: tensor[:0] for name, tensor in experience_of(formula_table(rows=5, seed=1)).tensors().items()}
    assert Knowledge(empty).experience is None


def test_what_a_trained_agent_cannot_change_comes_with_its_policy():
    trained = RcnasSettings(hidden_size=24, learning_rate=0.5)
    assert Knowledge({}, trained).fit(FINE_TUNING) == replace(FINE_TUNING, hidden_size=24)
    assert Knowledge({}).fit(FINE_TUNING) == FINE_TUNING
