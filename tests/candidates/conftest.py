"""A small training job on the digits, quick enough to be run several times."""

from pathlib import Path

import pytest

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.spec import InputSpec, ResidualSpec, StageSpec, TrainingRecipe


@pytest.fixture
def job(tmp_path: Path) -> TrainingJob:
    spec = ResidualSpec(InputSpec((1, 8, 8)), 10, (StageSpec(1, 16), StageSpec(1, 16, 2)))
    recipe = TrainingRecipe(
        objective="sat",
        threat="linf@1/10",
        attack_steps=1,
        epochs=1,
        selection_attack="none",
        crop_padding=0,
        flip=False,
    )
    return TrainingJob(spec, recipe, 0, DataSource("digits"), tmp_path / "cache")
