"""The agent as a searcher: from a meta-trained policy, or cold."""

import torch

from rcnas_zoo.search.given import Given
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.search import SearchProblem


def cold_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """R-NAS: an agent that knows nothing of other tasks (RC-NAS section 4.4.2).

    Its encoder is pre-trained without any evaluation, so one that came with a policy serves as well as its own.
    """
    settings, stages = given.agent or RcnasSettings(), len(given.space.teacher.stages)
    if given.knowledge is None:
        actor = Actor.fresh(settings, stages, given.seed)
    else:
        generator = torch.Generator().manual_seed(given.seed)
        actor = Actor.with_encoder(settings, stages, given.knowledge.tensors, generator)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space)
