"""Training recipes that have a name."""

from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.recipe import TrainingRecipe

_DIGITS = TrainingRecipe(
    objective="sat",
    threat="linf@1/5",
    attack_steps=2,
    attack_step_size=0.75,
    attack_start="uniform",
    epochs=8,
    batch_size=48,
    weight_decay=5e-4,
    nesterov=True,
    schedule="cosine",
    crop_padding=0,
    flip=False,
    selection_attack="none",
)

RECIPES = {
    # The RobustResNet setting (Huang et al. 2023): TRADES, beta 6, 10 steps of radius / 4, 100 epochs.
    "rrn-100": TrainingRecipe(),
    # The same in the five epochs that RC-NAS gives a candidate; the last epoch counts, so nothing is spent on choosing.
    "quick-5": TrainingRecipe(epochs=5, selection_attack="none"),
    # What helps beyond it (Huang et al. 2023; theirs has 500,000 more images, four times the epochs and twice the batch
    # and rate): a cosine with warm-up, Nesterov, averaged weights, statistics of adversarial batches alone; with SiLU.
    "advanced": TrainingRecipe(
        attack_start="uniform",
        batch_size=512,
        learning_rate=0.2,
        weight_decay=5e-4,
        nesterov=True,
        schedule="cosine",
        warmup=0.025,
        weight_average=0.995,
        bn_statistics="adversarial",
    ),
    # A candidate in a search on digits: about 4 core-seconds at 1 M MACs. Small batches matter, for the 1,437 images
    # give few updates; cropping costs more accuracy than it saves in so few epochs.
    "digits-search": _DIGITS,
    # The network that is kept: one more and smaller step, more epochs, and a choice among the late ones.
    "digits-final": _DIGITS.with_changes(
        attack_steps=3, attack_step_size=0.5, epochs=20, selection_attack="pgd-10", selection_start=0.75
    ),
}

ACTIVATIONS = {"advanced": "silu"}
"""What a recipe would have a fresh network activated with, where that is not its spec's own choice."""


def recipe_names() -> list[str]:
    """The known names, sorted."""
    return sorted(RECIPES)


def named_recipe(name: str) -> TrainingRecipe:
    """The recipe of a name.

    Raises:
        InvalidInput: an unknown name; the message offers the nearest known one.
    """
    if name not in RECIPES:
        raise unknown_choice("a training recipe", name, recipe_names())
    return RECIPES[name]
