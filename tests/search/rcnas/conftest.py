import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.policy import fresh_policy
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import prefixed

# A short pre-training: these tests ask how the agent works, not how good its states are.
QUICK = {"pretraining_tasks": 128, "pretraining_steps": 5}


@pytest.fixture(scope="session")
def knowledge():
    """The state of a fresh actor with default settings, so that not every test must pre-train an encoder."""
    return Actor.fresh(RcnasSettings(), stages=3, seed=0).state()


@pytest.fixture
def make_actor(knowledge):
    """Settings to an actor with that encoder and a fresh policy."""

    def make(**changes):
        settings = RcnasSettings(**changes)
        policy = fresh_policy(settings, torch.Generator().manual_seed(0))
        return Actor.from_policy(settings, 3, {**knowledge, **prefixed("policy", policy.state_dict())})

    return make


@pytest.fixture
def make_searcher(problem, make_actor):
    return lambda seed=0, **settings: RcnasSearcher(problem, make_actor(**settings), seed, RewardSettings())
