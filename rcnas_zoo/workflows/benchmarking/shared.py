"""What all rows of a benchmark share, so that a report says what was run."""

from typing import Any

from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.version import VERSION
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.prepare import Prepared


def shared_settings(prepared: Prepared, settings: TaskBenchmarkSettings) -> dict[str, Any]:
    """How rows and what searches visit are trained, and by which policy, device and version; plain JSON data."""
    return {
        "training": _training(prepared.final),
        "search": {**_training(prepared.search), "visits": settings.visits},
        "sampler": settings.sampler,
        "policy": dict(prepared.agent.lineage or {}),
        "device": prepared.final.device,
        "version": VERSION,
    }


def _training(job: TrainingJob) -> dict[str, Any]:
    recipe = job.recipe
    images = len(job.source.splits().train)
    return {"objective": recipe.objective, "epochs": recipe.epochs, "images": images, "recipe": recipe.digest}
