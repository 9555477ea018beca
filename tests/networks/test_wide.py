import pytest

from rcnas_zoo.networks.wide import wide_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import StageSpec


def test_the_last_two_stages_halve_the_features() -> None:
    spec = wide_spec((1, 2, 3), (16, 32, 48), "robust", InputSpec((3, 32, 32)), 5)
    assert spec.classes == 5
    assert spec.stages == (
        StageSpec(1, 16, 1, "robust"),
        StageSpec(2, 32, 2, "robust"),
        StageSpec(3, 48, 2, "robust"),
    )


@pytest.mark.parametrize(("sides", "stride"), [((63, 63), 1), ((63, 128), 1), ((64, 64), 2), ((96, 64), 2)])
def test_the_stem_halves_images_of_64_pixels_or_more(sides: tuple[int, int], stride: int) -> None:
    assert wide_spec((1, 1, 1), (16, 32, 64), "basic", InputSpec((1, *sides)), 10).stem_stride == stride
