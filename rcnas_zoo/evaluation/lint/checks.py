"""Reasons to doubt a robust accuracy that cost attacks to find: a small evaluation of the evaluation itself.

The checks are those of Athalye, Carlini and Wagner, "Obfuscated Gradients Give a False Sense of Security" (ICML 2018),
section 3.1, and Carlini et al., "On Evaluating Adversarial Robustness" (2019), section 3, as far as they can be done
without knowing the model from inside.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from rcnas_zoo.evaluation.inputs import Examples
from rcnas_zoo.evaluation.lint.constancy import constancy_flags
from rcnas_zoo.evaluation.lint.image_format import format_flags
from rcnas_zoo.evaluation.lint.slopes import slope_flags
from rcnas_zoo.evaluation.lint.strength import strength_flags
from rcnas_zoo.evaluation.lint.trial import Trial
from rcnas_zoo.spec.threat import ThreatModel

SAMPLES = 100
"""Images. At that many, a share of 5 % is told from none."""
_LEAST_SAMPLES = 10
_CLASSIFIED_SAMPLES = 4
"""So many times more images are only classified, in other formats: rare errors must show too."""


def lint_flags(
    model: nn.Module, examples: Examples, threat: ThreatModel, seed: int = 0, samples: int = SAMPLES
) -> Iterator[str]:
    """Flags seen on a fixed, seeded choice of the images; they come beside those of `model_flags`.

    A model that does not answer the same twice is not looked at further, for nothing else could be told from chance.
    The cost: about 140 gradients and 650 forward passes of the chosen images; more where an attack seems too weak, less
    where images break early.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`, as long as the iterator runs.
        examples: checked against the model.
        threat: norm and radius; also half of it, twice and the widest are tried.
        seed: of the choice and of every attack.
        samples: most images attacked; at least 1.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(examples), generator=generator)
    some, more = (_chosen(examples, order[: samples * times]) for times in (1, _CLASSIFIED_SAMPLES))
    found = list(constancy_flags(model, some, generator))
    yield from found
    if any(flag.startswith("answers-differ") for flag in found):
        return
    yield from format_flags(model, more)
    logits: Tensor = model(some.images.clone().requires_grad_())
    right = logits.argmax(1) == some.labels
    if int(right.sum()) < _LEAST_SAMPLES:
        yield f"too-few-right: {int(right.sum())} of {len(right)} images are right, too few to compare attacks on"
    elif logits.requires_grad:
        rightly = _chosen(some, right)
        yield from slope_flags(model, rightly, generator)
        yield from strength_flags(Trial(model, rightly, threat, seed))


def _chosen(examples: Examples, which: Tensor) -> Examples:
    """Some of the examples, on the device of the model."""
    images, labels = (part[which.to(part.device)].to(examples.device) for part in (examples.images, examples.labels))
    return replace(examples, images=images, labels=labels)
