"""Random streams: a function of seed, purpose and number."""

from itertools import product

import torch

from rcnas_zoo.training.randomness import stream

CPU = torch.device("cpu")


def draws(seed, purpose, number):
    return torch.rand(4, generator=stream(seed, purpose, number, CPU)).tolist()


def test_equal_arguments_give_equal_numbers_whatever_was_drawn_before():
    first = draws(3, "order", 7)
    torch.rand(2)
    assert draws(3, "order", 7) == first


def test_no_two_purposes_numbers_or_seeds_share_a_stream():
    keys = list(product([0, 1, 11, 2**63 - 1], ["order", "update"], [0, 1, 10, 100_000]))
    assert len({tuple(draws(*key)) for key in keys}) == len(keys)
