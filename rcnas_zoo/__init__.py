"""rcnas-zoo: search, train, measure and share small image classifiers that stay right under attack.

The names below are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rcnas_zoo.version import VERSION

if TYPE_CHECKING:
    from rcnas_zoo.face import build, evaluate, finetune, load, train
    from rcnas_zoo.spec.budget import Budget
    from rcnas_zoo.spec.network import NetworkSpec
    from rcnas_zoo.spec.task import Task
    from rcnas_zoo.spec.threat import ThreatModel

__version__ = VERSION

_HOMES = {
    "Budget": "rcnas_zoo.spec.budget",
    "NetworkSpec": "rcnas_zoo.spec.network",
    "Task": "rcnas_zoo.spec.task",
    "ThreatModel": "rcnas_zoo.spec.threat",
    "build": "rcnas_zoo.face",
    "evaluate": "rcnas_zoo.face",
    "finetune": "rcnas_zoo.face",
    "load": "rcnas_zoo.face",
    "train": "rcnas_zoo.face",
}

__all__ = [
    "Budget",
    "NetworkSpec",
    "Task",
    "ThreatModel",
    "__version__",
    "build",
    "evaluate",
    "finetune",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'rcnas_zoo' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
