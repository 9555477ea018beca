"""A small meta-training to know of: evaluations on three tasks, and an encoder that was hardly trained."""

from functools import cache

import torch

from rcnas_zoo.oracles.table import Table, column_name
from rcnas_zoo.search.knowledge import Experience, Knowledge
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import prefixed
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_table

COLUMNS = (("fgsm", "linf@1/5"), ("pgd-20", "linf@1/10"), ("pgd-20", "linf@1/5"))


def experience_of(table: Table) -> Experience:
    """Every row of a table in three tasks; the reward falls with the network's cost."""
    columns = [table.accuracy[column_name(attack, ThreatModel.parse(threat))] for attack, threat in COLUMNS]
    rows, cheapness = len(table), 1 - table.macs / table.macs.max()
    return Experience(
        task=torch.arange(len(COLUMNS)).repeat_interleave(rows),
        stages=table.stages.repeat(len(COLUMNS), 1, 1),
        ratio=torch.cat(columns) / 0.6,
        reward=torch.cat([column * cheapness for column in columns]),
        severity=torch.tensor([0.3, 0.4, 0.5], dtype=torch.float64),
    )


@cache
def small_knowledge() -> Knowledge:
    """What such a meta-training leaves; the encoder is trained for a few steps only."""
    actor = Actor.fresh(RcnasSettings(pretraining_tasks=128, pretraining_steps=5), stages=3)
    experience = experience_of(formula_table(rows=30, seed=1))
    paper = prefixed("paper", policy_part(actor.state()))
    return Knowledge({**actor.state(), **experience.tensors(), **paper})
