"""The agent as a searcher: from a meta-trained policy, or cold."""

import torch

from rcnas_zoo.search.given import Given
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, PRINTED, RcnasSettings
from rcnas_zoo.search.rcnas.tensors import under
from rcnas_zoo.search.surrogate.ranker import SurrogateRanker, prior_of
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.search import SearchProblem


def cold_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """R-NAS: an agent that knows nothing of other tasks (RC-NAS section 4.4.2).

    Its encoder is pre-trained without any evaluation, so one that came with a policy serves as well as its own.
    """
    stages, knowledge = len(given.space.teacher.stages), given.knowledge
    if knowledge is None:
        settings = given.agent or RcnasSettings()
        actor = Actor.fresh(settings, stages, given.seed)
    else:
        settings = given.agent or knowledge.fit(RcnasSettings())
        generator = torch.Generator().manual_seed(given.seed)
        actor = Actor.with_encoder(settings, stages, knowledge.tensors, generator)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space)


def warm_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """RC-NAS: a meta-trained policy draws, and a surrogate of the meta-training's evaluations chooses among its draws.

    The paper's agent visits the first network that it draws. With the few evaluations of a fine-tuning, most of what
    it could learn is in those of the meta-training, and a linear model keeps more of them than the policy's weights.
    A policy without evaluations goes without the surrogate. Algorithm 2 pre-trains the encoder once more on the target
    task; that would move the state under a trained policy, so an encoder that came with one stays as it is.
    """
    knowledge = given.require_knowledge("rc-nas")
    settings, stages = given.agent or knowledge.fit(FINE_TUNING), len(given.space.teacher.stages)
    actor = Actor.from_policy(settings, stages, knowledge.tensors)
    ranker = None
    if knowledge.experience is not None:
        prior = prior_of(knowledge.experience, given.space.teacher)
        ranker = SurrogateRanker(problem, prior, given.reward, given.evaluations)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space, ranker)


def printed_agent(problem: SearchProblem, given: Given) -> RcnasSearcher:
    """RC-NAS as Algorithm 2 and Eq. 5 print it: no baseline, no surrogate, every draw from the policy.

    Raises:
        InvalidInput: no policy was given, or one that was not meta-trained as Algorithm 1 prints it.
    """
    knowledge = given.require_knowledge("rc-nas-paper")
    settings, stages = given.agent or knowledge.fit(PRINTED), len(given.space.teacher.stages)
    tensors = knowledge.tensors if _is_printed(knowledge.agent) else under("paper", knowledge.tensors)
    if not tensors:
        raise InvalidInput(
            "the method rc-nas-paper must have a policy that was meta-trained as the paper prints it, got one without; "
            "the shipped rcnas-policy holds one"
        )
    actor = Actor.from_policy(settings, stages, tensors)
    return RcnasSearcher(problem, actor, given.seed, given.reward, given.space)


def _is_printed(agent: RcnasSettings | None) -> bool:
    """Whether an agent was meta-trained by the raw rewards of Eq. 5."""
    return agent is not None and agent.baseline == "none" and not agent.normalise
