"""RobustResNets for any budget, by the compound scaling rule of Huang et al. (CVPR 2023).

The rule: blocks of the three stages as 2 : 2 : 1, their widening factors as 2 : 2.5 : 1, and total depth to total
width (the sums over the stages) about 7 : 3. The totals here run in steps of 1/8, so that they can be enumerated.
"""

from bisect import bisect_right

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.wide import BASE_WIDTHS, CIFAR, PerStage, wide_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec

_STEP = 1 / 8
_DEPTH_SHARES = (2 / 5, 2 / 5, 1 / 5)
_WIDTH_SHARES = (2 / 5.5, 2.5 / 5.5, 1 / 5.5)
# "About 7 : 3", as depth over width: a depth share of 0.675 to 0.725, which RobustResNet A1 to A4 keep.
_SHALLOWEST = 0.675 / 0.325
_DEEPEST = 0.725 / 0.275
_NARROWEST_CHANNELS = 16
# Widths, in steps, up to 960: beyond it a spec could not hold the depth.
_WIDTHS = range(1, 7681)


def robustresnet_spec(max_macs: int, input: InputSpec = CIFAR, classes: int = 10) -> ResidualSpec:
    """The network of the compound scaling rule with the most MACs that are at most ``max_macs``.

    A depth is rounded to whole blocks, at least one. A widening factor is rounded to an integer; below one, where the
    paper has no network, to a multiple of 16 channels, at least 16. Small networks grow in large steps, so that much
    of a small budget may be left over: of 2 M MACs on 8x8 images 1.6 M are used.

    RobustResNet A1 to A4 keep the rule only roughly. Given their own cost as the budget, A1 and A2 come out exactly;
    A3 with widening factors 8-11-4 for 8-11-5 (98 % of the MACs); A4 with depths 26-26-13 for 27-28-13 and
    widening factors 11-14-5 for 10-14-6 (99 %).

    Args:
        max_macs: multiply-accumulates of one image, as `cost` counts them.
        input: what the network takes; from 64 pixels on the stem has stride 2.
        classes: number of classes.

    Raises:
        InvalidInput: no network is small enough; the message names the MACs of the smallest.
    """

    def spec(width: int, depth: int) -> ResidualSpec:
        return wide_spec(_depths(depth), _widths(width), "robust", input, classes)

    def macs(width: int, depth: int) -> int:
        return cost(spec(width, depth)).macs

    def deepest_fitting(width: int) -> int:
        depths = _depth_range(width)
        return depths[bisect_right(depths, max_macs, key=lambda depth: macs(width, depth)) - 1]

    # MACs grow with width and with depth. Up to `first` even the deepest networks fit, so the widest of these wins;
    # beyond `last` none fits.
    first = bisect_right(_WIDTHS, max_macs, key=lambda width: macs(width, _depth_range(width)[-1]))
    last = bisect_right(_WIDTHS, max_macs, key=lambda width: macs(width, _depth_range(width)[0]))
    if last == 0:
        smallest = macs(_WIDTHS[0], _depth_range(_WIDTHS[0])[0])
        raise InvalidInput(
            f"a budget must be at least the {smallest} MACs of the smallest RobustResNet, got {max_macs}"
        )
    shapes = [(width, deepest_fitting(width)) for width in range(max(first, 1), last + 1)]
    return spec(*max(shapes, key=lambda shape: macs(*shape)))


def _depth_range(width: int) -> range:
    """The total depths that go with a total width, all in steps."""
    return range(round(width * _SHALLOWEST), round(width * _DEEPEST) + 1)


def _depths(total: int) -> PerStage:
    first, second, third = (max(1, round(total * _STEP * share)) for share in _DEPTH_SHARES)
    return first, second, third


def _widths(total: int) -> PerStage:
    factors = (total * _STEP * share for share in _WIDTH_SHARES)
    first, second, third = (_channels(factor, base) for factor, base in zip(factors, BASE_WIDTHS, strict=True))
    return first, second, third


def _channels(factor: float, base: int) -> int:
    unit = base if factor >= 1 else _NARROWEST_CHANNELS
    return unit * max(1, round(factor * base / unit))
