"""A robust accuracy proved again: forward passes over the images and the examples of a receipt, no attack."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import Examples, check_inputs, checked_logits
from rcnas_zoo.evaluation.receipts.coarse import Judge, Originals
from rcnas_zoo.evaluation.receipts.packing import BATCH_SIZE, unpack
from rcnas_zoo.evaluation.report import accuracy
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Proof:
    """What a receipt proves of a network.

    Attributes:
        samples: number of images N.
        wrong: images that are misclassified as they are.
        claimed: examples in the receipt.
        proved: those of them that are misclassified; all lie inside the ball. A machine that adds in another order may
            miss a few that were broken by a hair.
        verdict: bool (N,), the images that are right and of which no example is misclassified.
    """

    samples: int
    wrong: int
    claimed: int
    proved: int
    verdict: Tensor

    @property
    def broken(self) -> int:
        """Images that are wrong as they are, or broken by a proved example."""
        return self.samples - int(self.verdict.sum())

    @property
    def at_most(self) -> float:
        """The robust accuracy on these images is at most this, in [0, 1]."""
        return accuracy(self.verdict)


def prove(
    model: nn.Module, originals: Originals, labels: Tensor, receipt: bytes, batch_size: int = BATCH_SIZE
) -> Proof:
    """Checks every example of a receipt against the plain model in float32. The model comes back as it was.

    A bound from above is all that examples can prove: that the other images stand is the word of the attack.

    Args:
        model: (N, C, H, W) float32 -> logits (N, classes), on any device.
        originals: the images, and where an attacker may move them.
        labels: (N,) whole numbers in [0, classes).
        receipt: of `rcnas_zoo.evaluation.receipts.packing.pack`.
        batch_size: images a forward pass.

    Raises:
        InvalidInput: images, labels and model do not fit one another.
        IntegrityError: the receipt is damaged, or made for other images or another threat, or leaves the ball.
    """
    check_integer("the batch size", batch_size, 1)
    numbers, adversarial = unpack(receipt, originals)
    with untouched(model):
        examples = check_inputs(model, originals.floats(), labels)
        _check_range(examples, originals)
        right = _right(model, examples, batch_size)
        attacked = replace(examples, images=adversarial, labels=examples.labels[numbers])
        stands = _right(model, attacked, batch_size)
    verdict = right.clone()
    verdict[numbers[~stands]] = False
    return Proof(len(right), int((~right).sum()), len(numbers), int((~stands).sum()), verdict)


def judge(model: nn.Module, labels: Tensor) -> Judge:
    """What `rcnas_zoo.evaluation.receipts.packing.pack` asks: the plain model, in eval mode, on whatever device it is.

    Args:
        model: (m, C, H, W) -> logits (m, classes).
        labels: (N,), of all images.
    """

    def still_broken(images: Tensor, numbers: Tensor) -> Tensor:
        device = next(model.parameters(), images).device
        return checked_logits(model, images.to(device)).argmax(1).cpu() != labels.cpu()[numbers]

    return still_broken


def _check_range(examples: Examples, originals: Originals) -> None:
    wanted, found = (originals.ball.low, originals.ball.high), (examples.low, examples.high)
    if wanted != found:
        raise InvalidInput(f"the value range of the model must be that of the ball, {wanted}, got {found}")


def _right(model: nn.Module, examples: Examples, batch_size: int) -> Tensor:
    found = [checked_logits(model, images).argmax(1) == labels for images, labels in examples.batches(batch_size)]
    return torch.cat(found).cpu() if found else torch.zeros(0, dtype=torch.bool)
