"""Pruning recipes: the papers' own, and the same in the proportions of any training."""

from typing import Any

from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.pruning import METHODS, PruningRecipe, Stage
from rcnas_zoo.spec.recipe import TrainingRecipe

_AUTHORS = TrainingRecipe(schedule="cosine", gradient_clip=0.0, weight_decay=1e-4)
_SAT = _AUTHORS.with_changes(objective="sat", attack_start="uniform", weight_decay=5e-4)

PAPER = {
    # The code of HYDRA, configs/configs.yml and get_compact_net_adv_train.sh; the baseline skips its second stage.
    # Its radius is 0.031, which is 7.9/255, and its published numbers have 500,000 more images.
    "hydra": PruningRecipe("hydra", training=_AUTHORS),
    "magnitude": PruningRecipe("magnitude", training=_AUTHORS),
    "magnitude-global": PruningRecipe("magnitude-global", training=_AUTHORS),
    # The code of HARP, args.py; gamma of its CIFAR runs.
    "harp": PruningRecipe("harp", training=_SAT, penalty=0.01),
    # The code of R-ADMM, ADMM_examples/cifar10. Departure: one cosine over the second stage, where the code restarts
    # the learning rate in each period and drops it twice.
    "r-admm": PruningRecipe(
        "r-admm",
        training=_SAT.with_changes(weight_decay=1e-4),
        pretrain=Stage(200, 0.1),
        prune=Stage(200, 0.01),
        finetune=Stage(200, 0.01),
        penalty=1e-3,
        period=20,
        growth=1.3,
    ),
}
"""By method; CIFAR-10 at linf@8/255."""

FEWEST_EPOCHS = 4
"""Of a second stage, below which little is learnt."""
SPLIT_WEIGHTS = (0.3, 30.0)
"""rho of R-ADMM at the start and at the end of a stage: in few epochs the papers' own brings W nowhere near Z."""
_GAMMA = 0.1


def scaled_recipe(method: str, training: TrainingRecipe, **kept: Any) -> PruningRecipe:
    """A pruning in the proportions of the papers around a training of any length.

    The training is the first stage. The last one is as long at a tenth of the rate. The second one of HYDRA and HARP
    takes a fifth of the epochs at the full rate, at least `FEWEST_EPOCHS`; that of R-ADMM as many as the first at half
    the rate. Weights of the terms are for few updates: gamma is ten times that of HARP's CIFAR runs.

    Args:
        method: which.
        training: the first stage, and what all stages share.
        kept: ``keep``, ``macs`` and ``structure`` of the `PruningRecipe`.

    Raises:
        InvalidInput: an unknown method or a value outside its range.
    """
    check_choice("the method of a pruning", method, METHODS)
    whole, rate = training.epochs, training.learning_rate
    pretrain, finetune = Stage(whole, rate), Stage(whole, rate / 10)
    if method != "r-admm":
        prune = Stage(max(FEWEST_EPOCHS, round(whole / 5)), rate)
        terms: dict[str, Any] = {"penalty": _GAMMA}
    else:
        prune = Stage(max(2 * FEWEST_EPOCHS, whole), rate / 2)
        terms = {"penalty": SPLIT_WEIGHTS[0], "growth": split_growth(prune.epochs)}
    return PruningRecipe(method, training=training, pretrain=pretrain, prune=prune, finetune=finetune, **terms, **kept)


def split_growth(epochs: int) -> float:
    """What brings rho from the first to the second of `SPLIT_WEIGHTS` in a stage of so many epochs, at least 2."""
    first, last = SPLIT_WEIGHTS
    return float((last / first) ** (1 / (epochs - 1)))
