"""Channel counts inside the robust residual block of RobustResNet.

The block is "A Robust Residual Block" of Huang et al., "Revisiting Residual Networks for Adversarial Robustness"
(CVPR 2023), with the settings that give its published costs: 8 scales, base width 10, cardinality 4, reduction 64.
"""

from rcnas_zoo.spec.residual import ROBUST_EXPANSION

SCALES = 8
CARDINALITY = 4
_BASE_WIDTH = 10
_FULL_BASE_WIDTH = 160
_REDUCTION = 64


def chunk_width(width: int) -> int:
    """Channels of each of the `SCALES` chunks; a stage width that is not a multiple of 16 is rounded down to one."""
    return width * _BASE_WIDTH // _FULL_BASE_WIDTH * CARDINALITY


def squeezed_width(width: int) -> int:
    """Hidden channels of the squeeze-and-excitation branch."""
    return width * ROBUST_EXPANSION // _REDUCTION
