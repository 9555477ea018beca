"""The searches that a fine-tuning run's own must beat: which, with what options, and what each must be given."""

from dataclasses import replace

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.rcnas.settings import PRINTED, RcnasSettings
from rcnas_zoo.search.registry import WARM, NamedMethod
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.workflows.agents import Agent
from rcnas_zoo.workflows.settings import COLD, RIVALS, FinetuneSettings, cold_agent


def rivals_of(settings: FinetuneSettings) -> list[str]:
    """The rivals that are asked for, in the order of ``RIVALS``."""
    return [name for name in RIVALS if name in settings.compare]


def rival_method(name: str, settings: FinetuneSettings, agent: Agent) -> NamedMethod:
    """A rival of the run's own search: as many visits, under the same seed and reward.

    It visits as many networks at a time as the agent does. Chance learns nothing from outcomes, so all of its networks
    are proposed at once, which keeps every worker busy.

    Args:
        name: one of ``RIVALS``.
        settings: of the run.
        agent: of the run; the methods that build on a policy get its.
    """
    batch = settings.visits if name == "random" else agent.settings.steps
    knowledge = Knowledge(agent.policy) if name in WARM and agent.policy is not None else None
    options = _agent_of(name, agent.settings)
    return NamedMethod(name, settings.visits, batch, settings.seed, settings.reward, knowledge, options)


def check_rivals(settings: FinetuneSettings, agent: Agent, posed: PosedTask, teacher: NetworkSpec) -> None:
    """Find out before anything is trained whether the rivals can search.

    Raises:
        InvalidInput: one needs a policy and there is none, or one that it cannot build on.
    """
    rivals = rivals_of(settings)
    warm = [name for name in rivals if name in WARM]
    if agent.policy is None:
        _refuse_without_policy(rivals, warm)
    for name in warm:
        rival_method(name, settings, agent).searcher(unmeasured_problem(posed, teacher))


def _refuse_without_policy(rivals: list[str], warm: list[str]) -> None:
    if COLD in rivals:
        raise InvalidInput(
            f"a search to compare with {COLD} must start from a policy, got none: it is {COLD} itself; give --policy, "
            f"or leave {COLD} out of --compare"
        )
    if warm:
        names = ", ".join(warm)
        raise InvalidInput(
            f"a run to compare with {names} must have a policy, got none; give --policy, or leave {names} out of "
            "--compare"
        )


def _agent_of(name: str, agent: RcnasSettings) -> RcnasSettings | None:
    """The options of a rival that has an agent, beside an agent of the run; None for the others."""
    if name == COLD:
        return cold_agent(agent)
    if name == "rc-nas-paper":
        # Its weights are of the same policy, so what a policy cannot change any more is the same, too.
        return replace(PRINTED.built_as(agent), steps=agent.steps)
    return None


def unmeasured_problem(posed: PosedTask, teacher: NetworkSpec) -> SearchProblem:
    """The problem as far as it is known before the teacher is trained: enough to make a searcher, not to run it."""
    price = cost(teacher)
    facts = TeacherFacts(teacher, price.parameters, price.macs, accuracy=1.0, lips=(0.0,) * 7)
    return SearchProblem(posed.task, posed.threat, facts, evaluation_samples=1)
