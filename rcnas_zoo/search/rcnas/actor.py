"""The agent apart from any task: frozen encoder, policy, and its training by vanilla policy gradient (Eq. 5)."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from rcnas_zoo.search.rcnas.baseline import RunningScale
from rcnas_zoo.search.rcnas.encoder import StateEncoder
from rcnas_zoo.search.rcnas.policy import ActionDistribution, Policy, fresh_policy
from rcnas_zoo.search.rcnas.pretraining import pretrain
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import load, prefixed, under, unset

_LEARNED = ("encoder", "policy")


class Actor:
    """Encoder and policy, with the optimiser that trains the policy; one actor may serve many tasks in turn.

    Attributes:
        settings: the agent's options.
        iteration: updates done; the clock of the annealing.
        r_squared: how well the encoder's states can be decoded on held-out tasks; None if it came with a policy.
    """

    def __init__(
        self, settings: RcnasSettings, encoder: StateEncoder, policy: Policy, r_squared: float | None = None
    ) -> None:
        self.settings = settings
        self.iteration = 0
        self.r_squared = r_squared
        self._encoder = encoder.requires_grad_(False)
        self._policy = policy
        self._scale = RunningScale()
        self._optimiser = torch.optim.Adam(policy.parameters(), lr=settings.learning_rate)

    @classmethod
    def fresh(cls, settings: RcnasSettings, stages: int, seed: int = 0) -> "Actor":
        """An actor that knows nothing but a state encoder, pre-trained for so many stages (seconds)."""
        generator = torch.Generator().manual_seed(seed)
        pretrained = pretrain(settings, stages, generator)
        return cls(settings, pretrained.encoder, fresh_policy(settings, generator), pretrained.r_squared)

    @classmethod
    def from_policy(cls, settings: RcnasSettings, stages: int, policy: Mapping[str, Tensor]) -> "Actor":
        """An actor that starts from an earlier one's encoder and policy, with a new optimiser.

        Args:
            settings: the agent's options; the sizes must be those of the earlier actor.
            stages: stages of the teacher.
            policy: tensors named ``encoder.*`` and ``policy.*``, as `state` gives them; others are ignored.

        Raises:
            InvalidInput: a tensor is missing or has another shape.
        """
        actor = cls(settings, unset(lambda: StateEncoder(stages, settings)), unset(lambda: Policy(settings)))
        actor._load(policy)
        return actor

    @classmethod
    def with_encoder(
        cls, settings: RcnasSettings, stages: int, policy: Mapping[str, Tensor], generator: torch.Generator
    ) -> "Actor":
        """An actor with the encoder of an earlier one and a fresh policy.

        Raises:
            InvalidInput: a tensor of the encoder is missing or has another shape.
        """
        encoder = unset(lambda: StateEncoder(stages, settings))
        load(encoder, under("encoder", policy), "the encoder of a policy")
        return cls(settings, encoder, fresh_policy(settings, generator))

    @torch.no_grad()
    def states(self, features: Tensor) -> Tensor:
        """The states (stages, state_size) of a task's features (stages, FEATURES)."""
        states: Tensor = self._encoder(features[None])[0]
        return states

    def distribution(self, states: Tensor, pattern: Tensor) -> ActionDistribution:
        """What the policy would do in these states, given the teacher's own bits (stages, 2)."""
        distribution: ActionDistribution = self._policy(states, pattern)
        return distribution

    def learn(self, distribution: ActionDistribution, actions: Tensor, advantages: Tensor) -> None:
        """One update from the T actions of an iteration.

        Eq. 5 prints the gradient of densities; that is biased and explodes as a standard deviation shrinks. We take
        the gradient of log-densities, as the policy gradient theorem has it, and add an entropy bonus.

        Args:
            distribution: what the actions were drawn from, still attached to the policy; one each, or one for all.
            actions: shape (T, stages, 4).
            advantages: shape (T,).
        """
        settings = self.settings
        weights = self._scale(advantages) if settings.normalise else advantages
        gain = (weights * distribution.log_prob(actions)).mean() + settings.entropy * distribution.entropy().mean()
        self._optimiser.zero_grad()
        (-gain).backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self._policy.parameters(), settings.gradient_clip)
        self._optimiser.step()
        self.iteration += 1

    def state(self) -> dict[str, Tensor]:
        """Everything learned: ``encoder.*``, ``policy.*``, ``optimiser.*``, and the clocks of the training."""
        moments = {
            f"{name}.{key}": value
            for name, parameter in self._policy.named_parameters()
            for key, value in self._optimiser.state.get(parameter, {}).items()
        }
        return {
            **prefixed("encoder", self._encoder.state_dict()),
            **prefixed("policy", self._policy.state_dict()),
            **prefixed("optimiser", moments),
            "actor.iteration": torch.tensor(self.iteration),
            "actor.scale": self._scale.state(),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave.

        Raises:
            InvalidInput: a tensor of the encoder or policy is missing or has another shape.
        """
        self._load(state)
        self.iteration = int(state["actor.iteration"])
        self._scale.restore(state["actor.scale"])
        moments = under("optimiser", state)
        self._optimiser = torch.optim.Adam(self._policy.parameters(), lr=self.settings.learning_rate)
        for name, parameter in self._policy.named_parameters():
            own = {key: value.clone() for key, value in under(name, moments).items()}
            if own:
                self._optimiser.state[parameter] = own

    def _load(self, state: Mapping[str, Tensor]) -> None:
        load(self._encoder, under("encoder", state), "the encoder of a policy")
        load(self._policy, under("policy", state), "a policy")


def policy_part(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of a searcher's or actor's state, what `Actor.from_policy` starts from: the policy to keep and share."""
    return {name: tensor for name, tensor in state.items() if name.split(".")[0] in _LEARNED}
