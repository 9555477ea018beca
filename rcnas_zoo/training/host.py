"""Where a training runs and who watches it: what may change without changing what is learnt."""

from dataclasses import dataclass, field

import torch

from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.training.checkpoints import Checkpoints

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Host:
    """The surroundings of a training.

    Attributes:
        device: where to train.
        observer: told of every update and every epoch.
        label: name of this work for the observer.
        checkpoints: where the training is kept while it is under way; None keeps nothing.
        team: the processes that share each batch.
        compile: ``auto`` (where it pays back within the training), ``on`` or ``off``.
    """

    device: torch.device = _CPU
    observer: Observer = field(default_factory=Silent)
    label: str = "training"
    checkpoints: Checkpoints | None = None
    team: Team = field(default_factory=Team)
    compile: str = "auto"
