from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from rcnas_zoo.search.history import History
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.search import Proposal
from tests.oracles.tables import distinct_specs
from tests.search.formula import outcome_of


def test_trials_are_kept_in_the_order_they_came_and_restored(problem, space):
    history, copy = History(space), History(space)
    outcome = outcome_of(problem, space.smallest())
    for number, spec in zip((2, 0, 1), distinct_specs(3, seed=0), strict=True):
        trial = history.add(Proposal(number, spec), replace(outcome, reward=number / 10))
        assert (trial.id, trial.spec, trial.reward) == (number, spec, number / 10)
    copy.restore(load(save(history.state())))
    assert copy.trials == history.trials
    assert [trial.id for trial in copy.trials] == [2, 0, 1]


def test_no_trials_have_a_state_too(space):
    copy = History(space)
    copy.restore(History(space).state())
    assert len(copy) == 0
    assert History(space).state()["history.stages"].shape == (0, 3, 4)
    assert History(space).state()["history.stages"].dtype == torch.int64


def test_a_network_of_another_kind_is_refused(problem, space):
    class Other(NetworkSpec):
        kind = "cells"

        def body(self):
            return {}

        @classmethod
        def from_body(cls, input, classes, body):
            return cls()

    with pytest.raises(InvalidInput, match="must be of kind 'residual', got 'cells'"):
        History(space).add(Proposal(0, Other()), outcome_of(problem, space.smallest()))
