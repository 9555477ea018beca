"""Cell networks by name: a genotype, and how often and how wide its cells stand."""

import re

from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.networks.wide import CIFAR, stem_stride
from rcnas_zoo.spec.cells import CellSpec
from rcnas_zoo.spec.errors import InvalidInput, shortened, unknown_choice
from rcnas_zoo.spec.network import InputSpec

# Layers and channels of the networks that their papers trained; 7@96 and 7@104 are those of RobustResNet and RC-NAS
# (arXiv 2406.06792), 20 layers of 36 channels those of DARTS. RobNet's 33 layers are no 3 N + 2.
_PUBLISHED = {
    "advrush": ("advrush", 23, 96),
    "racl": ("racl", 23, 104),
    "darts-v2": ("darts-v2", 20, 36),
    "pdarts": ("pdarts", 20, 36),
    "lrnas": ("lrnas", 20, 36),
    "lrnas-cifar100": ("lrnas-cifar100", 20, 36),
    "robnet-large-v1": ("robnet", 20, 36),
    "robnet-large-v2": ("robnet", 33, 64),
}
_SCALED = re.compile(r"([a-z0-9-]+)-([0-9]{1,3})@([0-9]{1,4})")


def cell_network_names() -> list[str]:
    """The published cell networks; `cell_network_spec` knows these, and ``GENOTYPE-N@C``."""
    return list(_PUBLISHED)


def names_cell_network(text: str) -> bool:
    """Whether a text is one of `cell_network_names`, or a genotype's name with ``-N@C``."""
    match = _SCALED.fullmatch(text)
    return text in _PUBLISHED or (match is not None and match[1] in GENOTYPES)


def cell_network_spec(name: str, input: InputSpec = CIFAR, classes: int = 10) -> CellSpec:
    """The spec of a cell network: one of `cell_network_names`, or a genotype with ``-N@C``, such as ``advrush-7@96``.

    Args:
        name: N normal cells in each of three stages, so 3 N + 2 layers, and C channels in the first.
        input: what the network takes, of any number of channels; from 64 pixels on the stem has stride 2.
        classes: number of classes.

    Raises:
        InvalidInput: an unknown name, or N or C outside its range.
    """
    if name in _PUBLISHED:
        genotype, layers, channels = _PUBLISHED[name]
        return _spec(genotype, layers, channels, input, classes)
    match = _SCALED.fullmatch(name)
    if match is None or match[1] not in GENOTYPES:
        raise unknown_choice("a cell network", name, [*_PUBLISHED, *(f"{genotype}-N@C" for genotype in GENOTYPES)])
    return scaled_spec(match[1], int(match[2]), int(match[3]), input, classes)


def scaled_spec(genotype: str, cells: int, channels: int, input: InputSpec, classes: int) -> CellSpec:
    """The network N@C of a genotype: ``cells`` normal cells in each of three stages, ``channels`` in the first.

    Raises:
        InvalidInput: an unknown genotype, no cell, or a number of channels outside the range of `CellSpec`.
    """
    if cells < 1:
        raise InvalidInput(f"the N of a cell network N@C must be at least 1, got {shortened(cells)}")
    return _spec(genotype, 3 * cells + 2, channels, input, classes)


def _spec(genotype: str, layers: int, channels: int, input: InputSpec, classes: int) -> CellSpec:
    if genotype not in GENOTYPES:
        raise unknown_choice("a genotype", genotype, GENOTYPES)
    found = GENOTYPES[genotype]
    return CellSpec(
        input,
        classes,
        found.normal,
        found.reduction,
        channels,
        layers,
        stem_stride=stem_stride(input),
        affine=found.affine,
    )
