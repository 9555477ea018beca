"""The smallest meta-training on the digits that is still a whole one, also in a process of its own.

``python -m tests.workflows.quick_meta CACHE`` runs it with the store of the environment.
"""

import sys
from pathlib import Path

from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.meta_settings import MetaTrainSettings
from rcnas_zoo.workflows.meta_train import meta_train

TASKS = tuple(map(PosedTask.parse, ("digits/pgd-2/wrn-10-1/500k", "digits/fgsm/wrn-10-1/300k linf@1/10")))
SETTINGS = MetaTrainSettings(
    iterations=4,
    seed=3,
    search_epochs=1,
    search_train_size=64,
    agent_changes={"steps": 2, "pretraining_tasks": 32, "pretraining_steps": 2},
)
COMMAND = "rcnas-zoo meta-train x"

if __name__ == "__main__":
    meta_train(TASKS, SETTINGS, Machine(workers=1, cache=Path(sys.argv[1])), command=COMMAND)
