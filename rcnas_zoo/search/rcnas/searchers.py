"""The agent as a searcher: from a meta-trained policy, or cold."""

import torch

from rcnas_zoo.search.given import Given
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, PRINTED, RcnasSettings
from rcnas_zoo.search.rcnas.tensors import under
from rcnas_zoo.search.surrogate.ranker import SurrogateRanker, prior_of
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


def warm_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """RC-NAS: a meta-trained policy draws, and a surrogate of the meta-training's evaluations chooses among its draws.

    The paper's agent visits the first network that it draws. With the few evaluations of a fine-tuning, most of what
    it could learn is in those of the meta-training, and a linear model keeps more of them than the policy's weights.
    A policy without evaluations goes without the surrogate.
    """
    knowledge = given.require_knowledge("rc-nas")
    settings, stages = given.agent or FINE_TUNING, len(given.space.teacher.stages)
    actor = Actor.from_policy(settings, stages, knowledge.tensors)
    ranker = None
    if knowledge.experience is not None:
        prior = prior_of(knowledge.experience, given.space.teacher)
        ranker = SurrogateRanker(problem, prior, given.reward, given.evaluations)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space, ranker)


def printed_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """RC-NAS as Algorithm 2 and Eq. 5 print it: no baseline, no surrogate, every draw from the policy."""
    knowledge = given.require_knowledge("rc-nas-paper")
    settings, stages = given.agent or PRINTED, len(given.space.teacher.stages)
    tensors = under("paper", knowledge.tensors) or knowledge.tensors
    actor = Actor.from_policy(settings, stages, tensors)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space)
