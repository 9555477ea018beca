import pytest

from rcnas_zoo.networks.counting import Cost, Grid, batch_norm, convolution, linear


def test_costs_add_and_repeat() -> None:
    assert Cost(1, 10) + Cost(2, 20) * 3 == Cost(7, 70)


@pytest.mark.parametrize(
    ("stride", "expected"), [(1, Grid(9, 4)), (2, Grid(5, 2))], ids=["kept at stride 1", "halved and rounded up"]
)
def test_a_stride_divides_the_grid(stride: int, expected: Grid) -> None:
    assert Grid(9, 4).strided(stride) == expected


def test_a_convolution_uses_each_weight_once_a_position() -> None:
    assert convolution(4, 6, 3, Grid(5, 2)) == Cost(216, 2160)


def test_groups_divide_the_weights_of_a_convolution() -> None:
    assert convolution(4, 6, 3, Grid(5, 2), groups=2) == Cost(108, 1080)


def test_a_batch_norm_has_parameters_and_no_macs() -> None:
    assert batch_norm(7) == Cost(14, 0)


def test_a_bias_is_a_parameter_and_no_mac() -> None:
    assert linear(8, 5) == Cost(45, 40)
    assert linear(8, 5, bias=False) == Cost(40, 40)
