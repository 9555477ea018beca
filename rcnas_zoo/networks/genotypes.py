"""The cells that were found by others, as data.

Sources: DARTS second order, quark0/darts; P-DARTS, chenxin061/pdarts; AdvRush, nutellamok/advrush; RACL, the evaluation
code of nutellamok/advrush (its authors published none); LRNAS for CIFAR-10 and CIFAR-100, fyqsama/LRNAS; RobNet-large,
gmh14/RobNets. Only the tables of operations are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rcnas_zoo.spec.cells import CellPlan, EdgeSpec

NONE, MAX, AVERAGE, SKIP = "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect"
SEP3, SEP5, DIL3, DIL5 = "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"
_Edges = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Genotype:
    """Two cells, and what goes with them.

    Attributes:
        normal, reduction: the cells.
        affine: whether the batch normalisations of the cells have scale and shift.
    """

    normal: CellPlan
    reduction: CellPlan
    affine: bool = True


def _cell(*nodes: _Edges) -> CellPlan:
    return CellPlan(tuple(tuple(EdgeSpec(*edge) for edge in node) for node in nodes))


def _dense(*codes: str) -> CellPlan:
    """A RobNet cell: a node is linked to every earlier state, and each link has a code of two bits.

    The first bit is for the identity, the second for a separable 3x3 convolution; both together are summed.
    """
    return _cell(*(tuple(_linked(node.split())) for node in codes))


def _linked(codes: list[str]) -> Iterator[tuple[str, int]]:
    for source, code in enumerate(codes):
        yield from ((name, source) for name, bit in zip((SKIP, SEP3), code, strict=True) if bit == "1")


_ROBNET_LARGE = _dense("11 11", "11 11 11", "01 11 01 10", "11 01 01 01 11")

GENOTYPES: dict[str, Genotype] = {
    "advrush": Genotype(
        _cell(((SEP3, 1), (SEP3, 0)), ((SEP5, 0), (SEP3, 1)), ((SEP3, 1), (SEP3, 0)), ((SKIP, 0), (SEP3, 1))),
        _cell(((SEP3, 0), (SEP3, 1)), ((SKIP, 0), (DIL3, 2)), ((SKIP, 0), (AVERAGE, 1)), ((SKIP, 0), (SKIP, 2))),
    ),
    "racl": Genotype(
        _cell(((SEP3, 0), (SEP3, 1)), ((SEP5, 0), (SKIP, 1)), ((SEP3, 0), (SKIP, 3)), ((SEP3, 3), (SKIP, 4))),
        _cell(((SEP3, 0), (SEP5, 1)), ((AVERAGE, 0), (DIL3, 1)), ((SEP3, 0), (SEP5, 1)), ((SEP3, 2), (DIL3, 3))),
    ),
    "darts-v2": Genotype(
        _cell(((SEP3, 0), (SEP3, 1)), ((SEP3, 0), (SEP3, 1)), ((SEP3, 1), (SKIP, 0)), ((SKIP, 0), (DIL3, 2))),
        _cell(((MAX, 0), (MAX, 1)), ((SKIP, 2), (MAX, 1)), ((MAX, 0), (SKIP, 2)), ((SKIP, 2), (MAX, 1))),
    ),
    "pdarts": Genotype(
        _cell(((SKIP, 0), (DIL3, 1)), ((SKIP, 0), (SEP3, 1)), ((SEP3, 1), (SEP3, 3)), ((SEP3, 0), (DIL5, 4))),
        _cell(((AVERAGE, 0), (SEP5, 1)), ((SEP3, 0), (DIL5, 2)), ((MAX, 0), (DIL3, 1)), ((DIL3, 1), (DIL5, 3))),
    ),
    "lrnas": Genotype(
        _cell(((MAX, 1), (AVERAGE, 0)), ((SEP3, 1), (SKIP, 0)), ((SEP3, 2), (AVERAGE, 1)), ((MAX, 3), (MAX, 0))),
        _cell(((NONE, 0), (NONE, 1)), ((SEP5, 2), (MAX, 0)), ((AVERAGE, 2), (SKIP, 1)), ((MAX, 3), (SKIP, 4))),
    ),
    "lrnas-cifar100": Genotype(
        _cell(((AVERAGE, 0), (NONE, 1)), ((SKIP, 0), (SKIP, 2)), ((SEP5, 3), (SKIP, 2)), ((MAX, 4), (SEP5, 1))),
        _cell(((NONE, 0), (SKIP, 1)), ((NONE, 0), (NONE, 1)), ((MAX, 1), (NONE, 0)), ((SKIP, 4), (SEP3, 0))),
    ),
    "robnet": Genotype(_ROBNET_LARGE, _ROBNET_LARGE, affine=False),
}
