import pytest

from rcnas_zoo.networks.cell_names import cell_network_names, cell_network_spec, names_cell_network, scaled_spec
from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.networks.wide import CIFAR
from rcnas_zoo.spec.errors import InvalidInput

from .specs import DIGITS, TINY_IMAGENET


def test_n_at_c_means_n_normal_cells_in_each_of_three_stages() -> None:
    spec = cell_network_spec("advrush-7@96")
    assert (spec.layers, spec.channels) == (23, 96)
    first, second = sorted(spec.reductions)
    assert [first, second - first - 1, spec.layers - second - 1] == [7, 7, 7]
    assert spec == scaled_spec("advrush", 7, 96, CIFAR, 10)


@pytest.mark.parametrize(
    ("name", "scaled"),
    [
        ("advrush", "advrush-7@96"),
        ("racl", "racl-7@104"),
        ("darts-v2", "darts-v2-6@36"),
        ("pdarts", "pdarts-6@36"),
        ("lrnas", "lrnas-6@36"),
        ("lrnas-cifar100", "lrnas-cifar100-6@36"),
        ("robnet-large-v1", "robnet-6@36"),
    ],
)
def test_a_genotype_alone_means_the_network_that_was_published(name: str, scaled: str) -> None:
    assert cell_network_spec(name) == cell_network_spec(scaled)


def test_robnet_large_v2_has_a_cell_more_than_any_n_at_c() -> None:
    large = cell_network_spec("robnet-large-v2")
    assert (large.layers, large.channels, large.affine) == (33, 64, False)
    assert cell_network_spec("robnet-10@64").layers == 32


@pytest.mark.parametrize("genotype", GENOTYPES)
def test_every_genotype_can_be_scaled_for_any_images(genotype: str) -> None:
    spec = cell_network_spec(f"{genotype}-1@6", DIGITS, 7)
    found = GENOTYPES[genotype]
    assert (spec.normal, spec.reduction, spec.affine) == (found.normal, found.reduction, found.affine)
    assert (spec.input, spec.classes, spec.layers, spec.channels, spec.stem_stride) == (DIGITS, 7, 5, 6, 1)


def test_large_images_get_a_stem_of_stride_two() -> None:
    assert cell_network_spec("lrnas", TINY_IMAGENET, 200).stem_stride == 2


@pytest.mark.parametrize("name", cell_network_names())
def test_the_published_names_are_known(name: str) -> None:
    assert names_cell_network(name)


@pytest.mark.parametrize(
    "text", ["", "robnet", "advrush-7", "advrush-7@", "advrush@96", "wrn-7@96", "advrush-7@96 ", "7@96"]
)
def test_other_texts_are_none(text: str) -> None:
    assert not names_cell_network(text)
    with pytest.raises(InvalidInput, match=r"a cell network must be one of advrush, .*, robnet-N@C, got"):
        cell_network_spec(text)
