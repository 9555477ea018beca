"""The state encoder (RC-NAS section 3.2, Eq. 2) and the decoder that it is pre-trained with."""

import torch
from torch import Tensor, nn

from rcnas_zoo.search.rcnas.features import COST_COLUMNS, FEATURES, LIPS_COLUMNS, STAGE_COLUMNS, STAGE_FEATURES
from rcnas_zoo.search.rcnas.settings import RcnasSettings


class StateEncoder(nn.Module):
    """Features of a task to one state per stage: bi-directional LSTM over the stages, then MLP_i.

    ``s_i = MLP_i(concat(LIPS, H_i^F, H_i^B, CT))``. The paper's MLP_i of each stage is shared by default, so that one
    agent serves teachers with any number of stages.

    Args:
        stages: number of stages; matters to ``stage_mlp="per-stage"`` only.
        settings: sizes and switches of the agent.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, stages: int, settings: RcnasSettings) -> None:
        super().__init__()
        self.settings = settings
        self.lstm = nn.LSTM(STAGE_FEATURES, settings.lstm_size, batch_first=True, bidirectional=True)
        mlps = stages if settings.stage_mlp == "per-stage" else 1
        self.mlps = nn.ModuleList(_mlp(settings) for _ in range(mlps))
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))

    def fit_standardisation(self, features: Tensor) -> None:
        """Set mean and scale from the features of many tasks (tasks, stages, FEATURES); what is off gets scale 0."""
        rows = features.flatten(0, 1)
        self.mean.copy_(rows.mean(0))
        self.scale.copy_(1 / rows.std(0, correction=0).clamp_min(1e-6))
        if not self.settings.lips:
            self.scale[LIPS_COLUMNS] = 0
        if not self.settings.cost:
            self.scale[COST_COLUMNS] = 0

    def standardise(self, features: Tensor) -> Tensor:
        """Features with mean 0 and standard deviation 1 over the tasks of the pre-training, of the same shape."""
        return (features - self.mean) * self.scale

    def forward(self, features: Tensor) -> Tensor:
        """States (tasks, stages, state_size) in [-1, 1] of raw features (tasks, stages, FEATURES)."""
        inputs = self.standardise(features)
        both_ways, _ = self.lstm(inputs[..., STAGE_COLUMNS])
        joined = torch.cat([inputs[..., LIPS_COLUMNS], both_ways, inputs[..., COST_COLUMNS]], dim=-1)
        if len(self.mlps) == 1:
            states: Tensor = self.mlps[0](joined)
            return states
        rows = zip(self.mlps, joined.unbind(1), strict=True)
        return torch.stack([mlp(row) for mlp, row in rows], dim=1)


def make_decoder(settings: RcnasSettings) -> nn.Module:
    """The decoder DE of Eq. 10: states (..., state_size) to standardised features (..., FEATURES)."""
    return nn.Sequential(
        nn.Linear(settings.state_size, 2 * settings.hidden_size),
        nn.Tanh(),
        nn.Linear(2 * settings.hidden_size, FEATURES),
    )


def _mlp(settings: RcnasSettings) -> nn.Module:
    inputs = FEATURES - STAGE_FEATURES + 2 * settings.lstm_size
    return nn.Sequential(
        nn.Linear(inputs, 2 * settings.hidden_size),
        nn.Tanh(),
        nn.Linear(2 * settings.hidden_size, settings.state_size),
        nn.Tanh(),
    )
