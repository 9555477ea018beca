"""The networks that a residual teacher can be compressed to, and the actions that name them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import comb

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.table import stages_of
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.canonical import check_number
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import BLOCKS, ResidualSpec, StageSpec

WIDTH_STEP = 16
SMALLEST_MAP = 4


@dataclass(frozen=True)
class StageAction:
    """What becomes of one stage (RC-NAS Eq. 3, the four-dimensional action).

    Attributes:
        width_ratio, depth_ratio: remaining share of the teacher's base width and depth, in [0, 1].
        downsample: whether the first block halves the feature map.
        robust: whether the stage is made of robust residual blocks; the base width stays.

    Raises:
        InvalidInput: a ratio outside [0, 1].
    """

    width_ratio: float
    depth_ratio: float
    downsample: bool
    robust: bool

    def __post_init__(self) -> None:
        check_number("the width ratio of an action", self.width_ratio, 0, 1)
        check_number("the depth ratio of an action", self.depth_ratio, 0, 1)


@dataclass(frozen=True)
class ResidualSpace:
    """The compressions of one residual teacher: per stage a width, a depth, a stride and a block.

    Widths are multiples of 16, for a robust block rounds what lies between down; stem, activation and number of
    stages stay the teacher's.
    """

    teacher: ResidualSpec

    @classmethod
    def of(cls, teacher: NetworkSpec) -> "ResidualSpace":
        """The space of a teacher of any kind.

        Raises:
            InvalidInput: the teacher is not a residual network.
        """
        if not isinstance(teacher, ResidualSpec):
            raise InvalidInput(f"the teacher of a residual space must be of kind 'residual', got {teacher.kind!r}")
        return cls(teacher)

    @cached_property
    def smallest_map(self) -> tuple[int, int]:
        """Height and width that the last feature map keeps: 4x4, or the teacher's own if that is smaller."""
        sides = self._stem_map
        for stage in self.teacher.stages:
            sides = _halved(sides) if stage.stride == 2 else sides
        return min(SMALLEST_MAP, sides[0]), min(SMALLEST_MAP, sides[1])

    @cached_property
    def downsamplings(self) -> int:
        """Stages that may halve the feature map, wherever they stand, before it is smaller than `smallest_map`."""
        sides, floor = self._stem_map, self.smallest_map
        for count in range(len(self.teacher.stages)):
            sides = _halved(sides)
            if sides[0] < floor[0] or sides[1] < floor[1]:
                return count
        return len(self.teacher.stages)

    def decode(self, actions: Sequence[StageAction]) -> tuple[ResidualSpec, str]:
        """The network that the actions make of the teacher, and a note on what could not be applied.

        Depth is ``max(1, round(ratio D))``. A down-sampling bit that would shrink the last feature map below
        `smallest_map` is ignored, and the note says so.

        Raises:
            InvalidInput: not one action for each stage.
        """
        stages = self.teacher.stages
        if len(actions) != len(stages):
            raise InvalidInput(f"a teacher of {len(stages)} stages takes one action for each, got {len(actions)}")
        rows = [[action.width_ratio, action.depth_ratio, action.downsample, action.robust] for action in actions]
        asked = [index for index, action in enumerate(actions) if action.downsample]
        (spec,) = self.decode_many(torch.tensor([rows], dtype=torch.float64))
        return spec, self._note(asked[self.downsamplings :])

    def encode(self, spec: ResidualSpec) -> tuple[StageAction, ...]:
        """The actions that `decode` turns into this very network.

        Raises:
            InvalidInput: the network is not in the space.
        """
        if len(spec.stages) == len(self.teacher.stages):
            actions = self.asking_for(spec.stages)
            if self.decode(actions)[0] == spec:
                return actions
        raise InvalidInput(f"a network of this space must be a compression of its teacher, got {spec.to_json()}")

    def sample(self, generator: torch.Generator) -> tuple[StageAction, ...]:
        """The actions of a network drawn uniformly from all distinct ones."""
        stages = self.teacher.stages
        halving = self._sample_downsamplings(generator)
        return tuple(
            _action(
                StageSpec(
                    depth=1 + _draw(stage.depth, generator),
                    width=WIDTH_STEP * (1 + _draw(_width_steps(stage.width), generator)),
                    stride=2 if index in halving else 1,
                    block=BLOCKS[_draw(len(BLOCKS), generator)],
                ),
                stage,
            )
            for index, stage in enumerate(stages)
        )

    def draw(self, generator: torch.Generator) -> ResidualSpec:
        """A network drawn uniformly from all distinct ones."""
        return self.decode(self.sample(generator))[0]

    def draws(self, count: int, generator: torch.Generator) -> list[ResidualSpec]:
        """So many networks; see `draw`."""
        return [self.draw(generator) for _ in range(count)]

    def decode_many(self, actions: Tensor) -> list[ResidualSpec]:
        """The networks of many actions; see `decode`.

        Args:
            actions: (n, stages, 4): width ratio, depth ratio, down-sampling bit and robust bit of each stage.
        """
        return [replace(self.teacher, stages=stages_of(row)) for row in self.numbers(actions)]

    def numbers(self, actions: Tensor) -> Tensor:
        """The stages of `decode_many` as int64 (n, stages, 4): depth, width, stride, robust bit."""
        whole = torch.tensor([[stage.width, stage.depth] for stage in self.teacher.stages], dtype=torch.float64)
        width, depth, halve, robust = actions.double().unbind(-1)
        steps = (width * whole[:, 0] / WIDTH_STEP).round().clamp_min(1)
        steps = torch.minimum(steps, (whole[:, 0] // WIDTH_STEP).clamp_min(1))
        depth = (depth * whole[:, 1]).round().clamp_min(1)
        allowed = halve * (halve.cumsum(1) <= self.downsamplings)
        return torch.stack([depth, WIDTH_STEP * steps, 1 + allowed, robust], dim=-1).long()

    def fit(self, stages: Sequence[StageSpec]) -> ResidualSpec:
        """The network of the space that comes nearest to the stages of another, perhaps one of another space.

        Raises:
            InvalidInput: another number of stages.
        """
        if len(stages) != len(self.teacher.stages):
            raise InvalidInput(f"a network must have {len(self.teacher.stages)} stages to fit here, got {len(stages)}")
        return self.decode(self.asking_for(stages))[0]

    def asking_for(self, stages: Sequence[StageSpec]) -> tuple[StageAction, ...]:
        """The actions that come nearest to asking for as many stages: what exceeds the teacher's is asked for whole."""
        return tuple(_action(stage, whole) for stage, whole in zip(stages, self.teacher.stages, strict=True))

    def smallest(self) -> ResidualSpec:
        """The network of the space with the fewest MACs."""
        halving = self.downsamplings
        patterns = product(BLOCKS, repeat=len(self.teacher.stages))
        candidates = [
            tuple(StageSpec(1, WIDTH_STEP, 2 if i < halving else 1, block) for i, block in enumerate(pattern))
            for pattern in patterns
        ]
        specs = [replace(self.teacher, stages=stages) for stages in candidates]
        return min(specs, key=lambda spec: cost(spec).macs)

    def require_budget(self, budget: int) -> ResidualSpec:
        """The smallest network, checked to cost at most ``budget`` MACs.

        Raises:
            InvalidInput: it costs more, so no network of the space meets the budget.
        """
        smallest = self.smallest()
        macs = cost(smallest).macs
        if macs > budget:
            raise InvalidInput(
                f"a budget must be at least the {format_macs(macs)} MACs ({macs}) of the smallest network of the "
                f"space, got {format_macs(budget)} ({budget}); take a larger budget or a smaller teacher"
            )
        return smallest

    @property
    def _stem_map(self) -> tuple[int, int]:
        _, height, width = self.teacher.input.shape
        return _halved((height, width)) if self.teacher.stem_stride == 2 else (height, width)

    def _sample_downsamplings(self, generator: torch.Generator) -> list[int]:
        stages = len(self.teacher.stages)
        ways = torch.tensor([float(comb(stages, count)) for count in range(self.downsamplings + 1)])
        count = int(torch.multinomial(ways, 1, generator=generator))
        chosen: list[int] = torch.randperm(stages, generator=generator)[:count].tolist()
        return chosen

    def _note(self, ignored: Sequence[int]) -> str:
        if not ignored:
            return ""
        numbers = ", ".join(str(index + 1) for index in ignored)
        height, width = self.smallest_map
        return f"stage {numbers}: down-sampling ignored, the last feature map must keep {height}x{width}"


def _halved(sides: tuple[int, int]) -> tuple[int, int]:
    return (sides[0] + 1) // 2, (sides[1] + 1) // 2


def _width_steps(width: int) -> int:
    return max(1, width // WIDTH_STEP)


def _action(stage: StageSpec, whole: StageSpec) -> StageAction:
    width_ratio, depth_ratio = min(1.0, stage.width / whole.width), min(1.0, stage.depth / whole.depth)
    return StageAction(width_ratio, depth_ratio, stage.stride == 2, stage.block == "robust")


def _draw(choices: int, generator: torch.Generator) -> int:
    return int(torch.randint(choices, (1,), generator=generator))
