"""Networks of cells for any budget: how many cells N in a stage, and how many channels C.

RC-NAS (arXiv 2406.06792) prints its AdvRush and RACL rows as N@C, with N = 7, 10, 16 and 22 at 5, 10, 20 and 40 G. Only
the two at 5 G are networks of these cells; what is printed of the others fits neither their C nor one another. So from
5 G on N is the paper's here, and C what the budget has room for.
"""

from bisect import bisect_right

from rcnas_zoo.networks.cell_names import scaled_spec
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.wide import CIFAR, stem_stride
from rcnas_zoo.spec.cells import MAX_CHANNELS, CellSpec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec

# N from a budget on, in MACs at 32x32 positions. Of RobNet only RobNet-large-v2 is published there, which is 10@64 and
# one cell more.
_PAPER = {5 * 10**9: 7, 10 * 10**9: 10, 20 * 10**9: 16, 40 * 10**9: 22}
_OWN_DEPTH = {"robnet": {5 * 10**9: 10}}
_PAPER_WIDTHS = range(4, MAX_CHANNELS + 1, 4)

# Below the first of these budgets: C for each N. Published networks have 6 (DARTS, 6@36) to 15 channels (RACL, 7@104)
# for each normal cell of a stage; 4 lets the smallest budgets in. The factorised reduction of DARTS asks for even C.
_SMALL = {cells: range(4 * cells, 15 * cells + 1, 2) for cells in range(1, 11)}

_POSITIONS = 32 * 32


def cell_network_for(genotype: str, max_macs: int, input: InputSpec = CIFAR, classes: int = 10) -> CellSpec:
    """The network N@C of a genotype for a budget of ``max_macs``.

    From 5 G at 32x32 positions on (a proportional budget for other images), N is the paper's for the next lower of
    its budgets, and C the largest multiple of 4 that fits. Below, whatever fits and has the most MACs is taken, with
    N from 1 to 10 and an even C between 4 N and 15 N.

    On CIFAR-10 the published AdvRush 7@96 and RACL 7@104 come out at 5 G. At 10, 20 and 40 G it is AdvRush 10@112,
    16@128 and 22@156, RACL 10@124, 16@144 and 22@172. The widths nearest to the parameters that the paper prints are
    the same but for AdvRush 10@116 and 22@160 and RACL 10@128, which cost up to 2 % more than the budget.

    Args:
        genotype: one of `GENOTYPES`.
        max_macs: multiply-accumulates of one image, as `cost` counts them.
        input: what the network takes; from 64 pixels on the stem has stride 2.
        classes: number of classes.

    Raises:
        InvalidInput: an unknown genotype, or no network is small enough; the message names the MACs of the smallest.
    """

    def network(cells: int, channels: int) -> CellSpec:
        return scaled_spec(genotype, cells, channels, input, classes)

    def widest(cells: int, widths: range) -> list[CellSpec]:
        """The widest network of these that fits, if there is one."""
        count = bisect_right(widths, max_macs, key=lambda channels: cost(network(cells, channels)).macs)
        return [network(cells, widths[count - 1])] if count else []

    paper = _paper_cells(genotype, max_macs, input)
    fitting = widest(paper, _PAPER_WIDTHS) if paper else []
    if not fitting:
        fitting = [spec for cells, widths in _SMALL.items() for spec in widest(cells, widths)]
    if not fitting:
        smallest = cost(network(1, _SMALL[1][0])).macs
        raise InvalidInput(
            f"a budget must be at least the {smallest} MACs of the smallest {genotype} network, got {max_macs}"
        )
    return max(fitting, key=lambda spec: cost(spec).macs)


def _paper_cells(genotype: str, max_macs: int, input: InputSpec) -> int:
    """The paper's N for a budget; 0 below the paper's budgets."""
    height, width = (-(-side // stem_stride(input)) for side in input.shape[1:])
    depths = _OWN_DEPTH.get(genotype, _PAPER)
    reached = [cells for macs, cells in depths.items() if macs * height * width <= max_macs * _POSITIONS]
    return max(reached, default=0)
