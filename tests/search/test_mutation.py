from collections import Counter

import torch

from rcnas_zoo.search.mutation import mutated
from rcnas_zoo.spec.residual import StageSpec

WHOLE = (StageSpec(4, 160), StageSpec(1, 16), StageSpec(2, 40))
START = (StageSpec(2, 80), StageSpec(1, 16), StageSpec(2, 32, 2, "robust"))


def mutants(count: int) -> list[tuple[StageSpec, ...]]:
    generator = torch.Generator().manual_seed(0)
    return [mutated(START, WHOLE, generator) for _ in range(count)]


def changed(stages: tuple[StageSpec, ...]) -> list[tuple[int, str]]:
    return [
        (index, name)
        for index, (one, other) in enumerate(zip(stages, START, strict=True))
        for name in ("depth", "width", "stride", "block")
        if getattr(one, name) != getattr(other, name)
    ]


def test_at_most_one_property_changes_and_each_as_often_as_it_can():
    counts = Counter(tuple(changed(stages)) for stages in mutants(2400))
    assert all(len(places) <= 1 for places in counts)
    possible = {(0, "depth"), (0, "width"), (0, "stride"), (0, "block"), (1, "stride"), (1, "block")}
    possible |= {(2, "depth"), (2, "width"), (2, "stride"), (2, "block")}
    assert {places[0] for places in counts if places} == possible
    # 200 draws each; a stage that is as large as it gets (the third) moves in half of them.
    assert all(160 < counts[place,] < 240 for place in ((0, "depth"), (0, "width"), (1, "block"), (2, "stride")))
    assert all(70 < counts[place,] < 130 for place in ((2, "depth"), (2, "width")))


def test_widths_and_depths_move_by_up_to_a_quarter_and_stay_within_the_whole():
    found = mutants(2400)
    assert {stages[0].width for stages in found} == {48, 64, 80, 96, 112}
    assert {stages[0].depth for stages in found} == {1, 2, 3}
    assert {stages[2].width for stages in found} == {16, 32}
    assert {stages[2].depth for stages in found} == {1, 2}
