from collections import Counter
from dataclasses import replace

import pytest
import torch

from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.whole import WholeSpace
from rcnas_zoo.spec.residual import BLOCKS, StageSpec
from tests.oracles.tables import spec_of

TEACHER = spec_of("wrn-16-2")
SMALL = replace(TEACHER, stages=(StageSpec(1, 32, 1, "basic"), StageSpec(2, 16, 2, "basic")))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_network_is_drawn_and_is_as_likely_as_any_other():
    space = WholeSpace(SMALL)
    # An 8x8 image may be halved once: strides 11, 12 or 21; the rest is free.
    whole = {
        replace(SMALL, stages=(StageSpec(1, width, first, a), StageSpec(depth, 16, second, b)))
        for width in (16, 32)
        for depth in (1, 2)
        for first, second in ((1, 1), (1, 2), (2, 1))
        for a in BLOCKS
        for b in BLOCKS
    }
    counts = Counter(space.draws(9600, seeded()))
    assert set(counts) == whole
    # 9600 draws of 48 networks: 200 each, standard deviation 14.
    assert max(abs(count - 200) for count in counts.values()) < 70


@pytest.mark.parametrize("draw", [lambda space: space.draws(200, seeded()), lambda space: [space.draw(seeded(3))]])
def test_what_is_drawn_is_of_the_teachers_space(draw):
    for spec in draw(WholeSpace(TEACHER)):
        space = ResidualSpace(TEACHER)
        assert space.decode(space.encode(spec))[0] == spec


def test_the_same_seed_draws_the_same_networks():
    space = WholeSpace(TEACHER)
    assert space.draws(20, seeded(1)) == space.draws(20, seeded(1)) != space.draws(20, seeded(2))


def test_actions_mean_what_they_mean_in_the_other_space():
    actions = torch.rand((50, 3, 4), generator=seeded(), dtype=torch.float64)
    actions[..., 2:] = actions[..., 2:].round()
    assert WholeSpace(TEACHER).decode_many(actions) == ResidualSpace(TEACHER).decode_many(actions)


def test_spaces_of_two_teachers_do_not_share_networks():
    other = replace(TEACHER, stem_stride=2)
    actions = torch.ones((1, 3, 4), dtype=torch.float64)
    assert WholeSpace(other).decode_many(actions)[0].stem_stride == 2
    assert WholeSpace(TEACHER).decode_many(actions)[0].stem_stride == 1
