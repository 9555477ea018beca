"""The searches of a fine-tuning run: the agent's, and those that it must beat."""

from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.halving import Halving
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.search import SearchProblem, SearchResult
from rcnas_zoo.workflows.found import visits_table
from rcnas_zoo.workflows.policies import log_policy, policy_config, policy_tensors
from rcnas_zoo.workflows.rivals import rival_method, rivals_of
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.settings import COLD, OWN
from rcnas_zoo.workflows.tracked import TrackedEvaluator
from rcnas_zoo.zoo.policy import PolicyConfig


def agent_search(session: Session, problem: SearchProblem) -> SearchResult:
    """RC-NAS (or R-NAS, when no policy is given); its policy is logged with the run."""
    agent = session.prepared.agent
    settings, steps = session.prepared.settings, agent.settings.steps
    knowledge = None if agent.policy is None else Knowledge(agent.policy)
    name = method_name(session)
    method = NamedMethod(name, settings.visits, steps, settings.seed, settings.reward, knowledge, agent.settings)
    result = _run(session, problem, method)
    log_policy(session.run, policy_tensors(agent.policy or {}, result.state), _config(session))
    return result


def rival_searches(session: Session, problem: SearchProblem) -> dict[str, SearchResult]:
    """The searches that the agent's is compared with, by name, in the order of ``RIVALS``."""
    return {name: rival_search(session, problem, name) for name in rivals_of(session.prepared.settings)}


def rival_search(session: Session, problem: SearchProblem, name: str) -> SearchResult:
    """One of ``RIVALS``, under the same budget and evaluator."""
    prepared = session.prepared
    return _run(session, problem, rival_method(name, prepared.settings, prepared.agent))


def _config(session: Session) -> PolicyConfig:
    """What the policy that a search leaves says of itself."""
    prepared, agent = session.prepared, session.prepared.agent
    tasks = (*agent.tasks, str(prepared.posed))
    lineage = {
        "method": method_name(session),
        "run_id": session.run.id,
        "seed": prepared.settings.seed,
        "iterations": prepared.settings.iterations,
        **({"policy": dict(agent.lineage)} if agent.lineage else {}),
    }
    return policy_config(agent.settings, len(prepared.teacher.spec.stages), tasks, lineage)


def method_name(session: Session) -> str:
    """``r-nas`` for a fresh agent, ``rc-nas`` for one that starts from a policy."""
    return COLD if session.prepared.policy is None else OWN


def _run(session: Session, problem: SearchProblem, method: NamedMethod) -> SearchResult:
    settings = session.prepared.settings
    transfer = settings.reward_images == "transfer"
    template = session.prepared.search
    halving = Halving(template.recipe.epochs) if settings.halving else None
    evaluator = TrainingEvaluator(template, session.workers, settings.reward, transfer, halving)
    result = method.run(problem, TrackedEvaluator(evaluator, session.run, method.name), session.observer)
    session.run.artifact(f"search/{method.name}.json", canonical_json(visits_table(result)))
    return result
