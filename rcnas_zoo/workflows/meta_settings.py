"""What a meta-training is asked for, apart from its tasks and the machine."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.rcnas.meta import MetaSettings, meta_agent
from rcnas_zoo.workflows.settings import ANNEALING, Proxy


@dataclass(frozen=True)
class MetaTrainSettings:
    """Everything that decides the result of a meta-training; the same settings and tasks give the same policy.

    Attributes:
        iterations: updates of the agent (100 in the paper); each visits ``steps`` networks (5 in the paper).
        seed: seed of every random choice.
        agent_changes: fields of the agent's options that differ from those of `meta_agent`.
        students_enter: whether students become teachers within an iteration, as Algorithm 1 prints it.
        search_epochs: of a candidate and of a teacher; 0 takes the recipe's own.
        search_train_size: images that they are trained on; 0 means all.
        precision: of every training; empty leaves the recipe's own.
        reward: options of the reward.

    Raises:
        InvalidInput: a value out of its range.
    """

    iterations: int = 100
    seed: int = 0
    agent_changes: Mapping[str, Any] = field(default_factory=dict)
    students_enter: bool = False
    search_epochs: int = 0
    search_train_size: int = 0
    precision: str = ""
    reward: RewardSettings = field(default_factory=RewardSettings)

    def __post_init__(self) -> None:
        # Both raise what is wrong with them.
        _ = self.meta, self.proxy

    @property
    def meta(self) -> MetaSettings:
        """The settings of the trainer."""
        agent = meta_agent(self.iterations, **self.agent_changes)
        return MetaSettings(self.iterations, self.students_enter, agent, self.reward)

    @property
    def proxy(self) -> Proxy:
        """How candidates and teachers are trained."""
        return Proxy(self.seed, self.search_epochs, self.precision, self.search_train_size)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, every option of the agent among it."""
        fields = {name: value for name, value in asdict(self).items() if name != "agent_changes"}
        return {**fields, "agent": asdict(self.meta.agent)}


def meta_settings(
    agent: Mapping[str, Any],
    annealing: bool | None = None,
    reward: Mapping[str, Any] | None = None,
    **fields: Any,
) -> MetaTrainSettings:
    """Settings from the options that were given; everything else takes its default.

    Args:
        agent: fields of the agent's options.
        annealing: whether the penalty of a network over the budget is annealed over the first ``ANNEALING`` updates.
        reward: fields of the reward's settings that differ from the default.
        fields: other fields of `MetaTrainSettings`.
    """
    if annealing is not None:
        agent = {**agent, "annealing": ANNEALING if annealing else 0}
    return MetaTrainSettings(agent_changes=agent, reward=RewardSettings(**(reward or {})), **fields)
