"""The searches of a fine-tuning run: the agent's, and the random one that it must beat."""

from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.halving import Halving
from rcnas_zoo.search.method import SearchMethod
from rcnas_zoo.search.random_search import RandomMethod
from rcnas_zoo.search.rcnas.method import RcnasMethod
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.search import SearchProblem, SearchResult
from rcnas_zoo.workflows.policies import log_policy
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.tracked import TrackedEvaluator


def agent_search(session: Session, problem: SearchProblem) -> SearchResult:
    """RC-NAS (or R-NAS, when no policy is given); its policy is logged with the run."""
    settings = session.prepared.settings
    method = RcnasMethod(
        settings=settings.agent,
        evaluations=settings.visits,
        batch=settings.agent.steps,
        seed=settings.seed,
        reward=settings.reward,
        policy=session.prepared.policy,
    )
    result = _run(session, problem, method, method_name(session))
    log_policy(session.run, result.state, settings.agent)
    return result


def random_search(session: Session, problem: SearchProblem) -> SearchResult:
    """As many random networks as the agent visits, under the same budget, evaluator and seed.

    Chance learns nothing from outcomes, so all are proposed at once, which keeps every worker busy.
    """
    settings = session.prepared.settings
    return _run(session, problem, RandomMethod(settings.visits, settings.visits, settings.seed), "random")


def method_name(session: Session) -> str:
    """``r-nas`` for a fresh agent, ``rc-nas`` for one that starts from a policy."""
    return "r-nas" if session.prepared.policy is None else "rc-nas"


def _run(session: Session, problem: SearchProblem, method: SearchMethod, name: str) -> SearchResult:
    settings = session.prepared.settings
    transfer = settings.reward_images == "transfer"
    template = session.prepared.search
    halving = Halving(template.recipe.epochs) if settings.halving else None
    evaluator = TrainingEvaluator(template, session.workers, settings.reward, transfer, halving)
    result = method.run(problem, TrackedEvaluator(evaluator, session.run, name), session.observer)
    session.run.artifact(f"search/{name}.json", canonical_json(visits_table(result)))
    return result


def visits_table(result: SearchResult) -> list[dict[str, object]]:
    """Every visited network with its cost and worth, as plain JSON data."""
    return [
        {
            "id": visit.proposal.id,
            "spec": visit.proposal.spec.to_dict(),
            "digest": visit.proposal.spec.digest,
            "note": visit.proposal.note,
            "reward": visit.outcome.reward,
            "accuracy": visit.outcome.accuracy,
            "clean_accuracy": visit.outcome.clean_accuracy,
            "macs": visit.outcome.macs,
            "parameters": visit.outcome.parameters,
            "status": visit.outcome.status,
        }
        for visit in result.visits
    ]
