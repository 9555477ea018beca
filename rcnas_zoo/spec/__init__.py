"""Floor 0: pure data. Nothing here imports torch or any other heavy library."""

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.cells import CellPlan, CellSpec, EdgeSpec
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, RcnasError, Unavailable
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.pruned import PrunedSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Claim, Measurement, Record
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

__all__ = [
    "AttackName",
    "Budget",
    "CellPlan",
    "CellSpec",
    "Claim",
    "EdgeSpec",
    "InputSpec",
    "IntegrityError",
    "InvalidInput",
    "Measurement",
    "NetworkSpec",
    "NotFound",
    "Observer",
    "PrunedSpec",
    "RcnasError",
    "Record",
    "ResidualSpec",
    "Silent",
    "StageSpec",
    "Task",
    "ThreatModel",
    "TrainingRecipe",
    "Unavailable",
]
