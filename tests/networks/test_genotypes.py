"""The genotypes, held against facts that their papers and repositories state of them."""

import pytest

from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.spec.cells import CellPlan

DARTS_SPACE = sorted(set(GENOTYPES) - {"robnet"})


def words(cell: CellPlan) -> str:
    short = {"none": "no", "max_pool_3x3": "mp", "avg_pool_3x3": "ap", "skip_connect": "sk"}
    names = {f"{kind}_conv_{size}x{size}": f"{kind[0]}{size}" for kind in ("sep", "dil") for size in (3, 5)} | short
    return " ".join("".join(f"({names[edge.operation]},{edge.source})" for edge in node) for node in cell.nodes)


# As they are printed in notes on the repositories: short names, nodes in their order.
@pytest.mark.parametrize(
    ("name", "normal", "reduction"),
    [
        (
            "darts-v2",
            "(s3,0)(s3,1) (s3,0)(s3,1) (s3,1)(sk,0) (sk,0)(d3,2)",
            "(mp,0)(mp,1) (sk,2)(mp,1) (mp,0)(sk,2) (sk,2)(mp,1)",
        ),
        (
            "pdarts",
            "(sk,0)(d3,1) (sk,0)(s3,1) (s3,1)(s3,3) (s3,0)(d5,4)",
            "(ap,0)(s5,1) (s3,0)(d5,2) (mp,0)(d3,1) (d3,1)(d5,3)",
        ),
        (
            "advrush",
            "(s3,1)(s3,0) (s5,0)(s3,1) (s3,1)(s3,0) (sk,0)(s3,1)",
            "(s3,0)(s3,1) (sk,0)(d3,2) (sk,0)(ap,1) (sk,0)(sk,2)",
        ),
        (
            "racl",
            "(s3,0)(s3,1) (s5,0)(sk,1) (s3,0)(sk,3) (s3,3)(sk,4)",
            "(s3,0)(s5,1) (ap,0)(d3,1) (s3,0)(s5,1) (s3,2)(d3,3)",
        ),
        (
            "lrnas",
            "(mp,1)(ap,0) (s3,1)(sk,0) (s3,2)(ap,1) (mp,3)(mp,0)",
            "(no,0)(no,1) (s5,2)(mp,0) (ap,2)(sk,1) (mp,3)(sk,4)",
        ),
        (
            "lrnas-cifar100",
            "(ap,0)(no,1) (sk,0)(sk,2) (s5,3)(sk,2) (mp,4)(s5,1)",
            "(no,0)(sk,1) (no,0)(no,1) (mp,1)(no,0) (sk,4)(s3,0)",
        ),
    ],
)
def test_the_cells_are_those_of_the_repositories(name: str, normal: str, reduction: str) -> None:
    assert (words(GENOTYPES[name].normal), words(GENOTYPES[name].reduction)) == (normal, reduction)


@pytest.mark.parametrize("name", DARTS_SPACE)
def test_cells_of_the_darts_space_have_four_nodes_of_two_edges(name: str) -> None:
    for cell in (GENOTYPES[name].normal, GENOTYPES[name].reduction):
        assert [len(node) for node in cell.nodes] == [2, 2, 2, 2]
    assert GENOTYPES[name].affine


def test_robnet_sums_over_every_earlier_state_by_the_code_of_its_repository() -> None:
    robnet = GENOTYPES["robnet"]
    assert robnet.normal == robnet.reduction
    assert not robnet.affine
    codes = ["11", "11", "11", "11", "11", "01", "11", "01", "10", "11", "01", "01", "01", "11"]
    links = iter(codes)
    for number, node in enumerate(robnet.normal.nodes):
        for source in range(number + 2):
            found = {edge.operation for edge in node if edge.source == source}
            skips, convolves = next(links)
            expected = {"skip_connect"} if skips == "1" else set()
            assert found == expected | ({"sep_conv_3x3"} if convolves == "1" else set())
    assert next(links, None) is None
