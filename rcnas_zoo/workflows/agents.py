"""Which agent a fine-tuning run gets: one that starts from a policy (RC-NAS), or a fresh one (R-NAS)."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, FIXED, RcnasSettings
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.policies import agent_settings
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.policy import CONFIG, POLICY_NAME
from rcnas_zoo.zoo.policy_registry import FoundPolicy, find_policy, open_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors


@dataclass(frozen=True)
class Agent:
    """The agent of a fine-tuning run.

    Attributes:
        settings: its options.
        policy: the tensors that it starts from; None for a fresh agent.
        tasks: those that the policy has seen.
        lineage: what a record says of the policy; empty for a fresh agent.
        note: what the user should know.
    """

    settings: RcnasSettings
    policy: Mapping[str, Tensor] | None = None
    tasks: tuple[str, ...] = ()
    lineage: Mapping[str, str | int] | None = None
    note: str = ""

    @property
    def policy_digest(self) -> str:
        """Of the policy that it starts from; empty for a fresh agent."""
        return str((self.lineage or {}).get("digest", ""))


def choose_agent(settings: FinetuneSettings, stages: int, machine: Machine) -> Agent:
    """The agent that the settings ask for, for a teacher of so many stages.

    Raises:
        InvalidInput: the policy that was named does not fit the teacher or the settings.
        NotFound: it is absent.
        IntegrityError: it is damaged.
        Unavailable: the registry does not answer.
    """
    if settings.policy == "none":
        return Agent(settings.agent_for(RcnasSettings()))
    if settings.policy:
        return _trained(find_policy(settings.policy, machine.cache, current_store()), settings, stages)
    try:
        found = open_policy(ZooName(POLICY_NAME), machine.cache, current_store())
        _check_stages(found, stages)
        return _trained(found, settings, stages)
    except (NotFound, InvalidInput) as error:
        note = f"the agent starts afresh, as with --policy none, for {error}"
        return Agent(settings.agent_for(RcnasSettings()), note=note)


def _trained(found: FoundPolicy, settings: FinetuneSettings, stages: int) -> Agent:
    config = found.entry.config
    own = agent_settings(config)
    agent = settings.agent_for(FINE_TUNING.built_as(own))
    for name in FIXED:
        if getattr(agent, name) != getattr(own, name):
            raise InvalidInput(
                f"{name} of the agent must be {getattr(own, name)}, as its policy was trained, "
                f"got {getattr(agent, name)}; leave it out, or take --policy none"
            )
    if own.stage_mlp == "per-stage":
        _check_stages(found, stages)
    tensors = read_policy_tensors(found.entry)
    try:
        Actor.from_policy(agent, stages, tensors)
    except InvalidInput as error:
        raise IntegrityError(f"the policy in {found.entry.folder} must be what it says of itself: {error}") from error
    return Agent(agent, tensors, config.tasks, _lineage(found))


def _check_stages(found: FoundPolicy, stages: int) -> None:
    if found.entry.config.stages != stages:
        raise InvalidInput(
            f"a policy must be for teachers of {stages} stages, as this one, got one for {found.entry.config.stages} "
            f"in {found.entry.folder}; take another, or --policy none"
        )


def _lineage(found: FoundPolicy) -> dict[str, str | int]:
    facts: dict[str, str | int] = {"source": found.source, "digest": found.entry.config.files[CONFIG]}
    return {**facts, "version": found.version} if found.version else facts
