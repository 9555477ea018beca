"""Small random changes of a network: one stage, one of its four properties."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from rcnas_zoo.search.space import WIDTH_STEP
from rcnas_zoo.spec.residual import StageSpec

Stages = tuple[StageSpec, ...]
_REACH = 4


def mutated(stages: Sequence[StageSpec], whole: Sequence[StageSpec], generator: torch.Generator) -> Stages:
    """The stages with one property of one stage changed, each property of each stage as likely as any other.

    A width or a depth moves up or down by one step, or by up to a quarter of what the stage of ``whole`` has, for in a
    wide teacher a single step of 16 channels changes nothing. It stops at one step and at the stage of ``whole``, so
    the stages that come back may be the same. A stride or a block becomes the other one.
    """
    index = _draw(len(stages), generator)
    change = _CHANGES[_draw(len(_CHANGES), generator)]
    changed = change(stages[index], whole[index], generator)
    return (*stages[:index], changed, *stages[index + 1 :])


def _depth(stage: StageSpec, whole: StageSpec, generator: torch.Generator) -> StageSpec:
    return replace(stage, depth=_moved(stage.depth, whole.depth, generator))


def _width(stage: StageSpec, whole: StageSpec, generator: torch.Generator) -> StageSpec:
    steps = _moved(stage.width // WIDTH_STEP, whole.width // WIDTH_STEP, generator)
    return replace(stage, width=WIDTH_STEP * steps)


def _stride(stage: StageSpec, whole: StageSpec, generator: torch.Generator) -> StageSpec:
    return replace(stage, stride=3 - stage.stride)


def _block(stage: StageSpec, whole: StageSpec, generator: torch.Generator) -> StageSpec:
    return replace(stage, block="basic" if stage.block == "robust" else "robust")


_CHANGES: tuple[Callable[[StageSpec, StageSpec, torch.Generator], StageSpec], ...] = (_depth, _width, _stride, _block)


def _moved(value: int, most: int, generator: torch.Generator) -> int:
    distance = 1 + _draw(max(1, most // _REACH), generator)
    direction = 2 * _draw(2, generator) - 1
    return min(max(1, most), max(1, value + direction * distance))


def _draw(choices: int, generator: torch.Generator) -> int:
    return int(torch.randint(choices, (1,), generator=generator))
