"""How hard an attacked data set is for the teacher: the Lipschitz coefficient (RC-NAS Eq. 1) and its statistics."""

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SMALLEST_MOVE = 1e-6


def lipschitz_ratios(model: nn.Module, clean: Tensor, attacked: Tensor, batch_size: int = 256) -> Tensor:
    """``|f(x') - f(x)|_1 / (|x' - x|_inf + 1e-6)`` of each image (RC-NAS Eq. 1), shape (N,), float32 on the CPU.

    The 1e-6 keeps an image that the attack left alone at 0. The model runs in eval mode and is left as it was found.

    Args:
        model: gives logits (N, classes); the paper's is the adversarially trained teacher.
        clean: images (N, C, H, W).
        attacked: the same images after the attack.
        batch_size: images of one pass.
    """
    with untouched(model), torch.no_grad():
        pairs = zip(torch.split(clean, batch_size), torch.split(attacked, batch_size), strict=True)
        return torch.cat([_ratios(model, before, after).float().cpu() for before, after in pairs])


def lips_statistics(model: nn.Module, clean: Tensor, attacked: Tensor) -> tuple[float, ...]:
    """The 7 statistics of `lipschitz_ratios` that the agent's state holds.

    Returns:
        log1p of the mean, the standard deviation, and the 5, 25, 50, 75 and 95 % quantiles.
    """
    ratios = lipschitz_ratios(model, clean, attacked).double()
    quantiles = torch.quantile(ratios, torch.tensor(_QUANTILES, dtype=ratios.dtype))
    spread = ratios.std(correction=0)
    return tuple(torch.cat([ratios.mean()[None], spread[None], quantiles]).log1p().tolist())


def _ratios(model: nn.Module, clean: Tensor, attacked: Tensor) -> Tensor:
    change: Tensor = (model(attacked) - model(clean)).abs().sum(dim=1)
    move = (attacked - clean).abs().flatten(1).amax(dim=1)
    return change / (move + _SMALLEST_MOVE)
