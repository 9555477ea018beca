"""A small policy as the zoo sees one: tensors and plain data."""

import torch

from rcnas_zoo.zoo.policy import PolicyConfig

TASKS = ("digits/pgd-20/wrn-16-2/2m linf@1/5", "digits/fgsm/wrn-10-1/500k linf@1/10")
CONFIG = PolicyConfig(
    agent={"lips": True, "lstm_size": 16, "learning_rate": 0.001},
    stages=3,
    tasks=TASKS,
    lineage={"run_id": "a" * 32, "seed": 0, "iterations": 100},
)


def tensors() -> dict[str, torch.Tensor]:
    """Of every kind that a policy may carry, one of them not contiguous."""
    return {
        "encoder.weight": torch.arange(6.0).reshape(2, 3).T,
        "policy.bias": torch.tensor([1.5, -2.0]),
        "experience.rewards": torch.tensor([0.1, 0.2], dtype=torch.float64),
        "experience.actions": torch.tensor([[3, -1]], dtype=torch.int64),
        "experience.digests": torch.arange(32, dtype=torch.uint8),
        "experience.none": torch.zeros(0, 3),
    }
