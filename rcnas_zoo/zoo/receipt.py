"""A claimed robust accuracy, proved again from the receipt that lies beside it."""

from collections.abc import Callable
from typing import TypeAlias

from torch import nn

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.receipts.coarse import Originals
from rcnas_zoo.evaluation.receipts.proof import prove
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.tables import percent
from rcnas_zoo.spec.threat import ThreatModel

FindImages: TypeAlias = Callable[[Measurement], Images]
"""The images of a measurement; raises NotFound where they are not at hand."""

_BY_A_HAIR = 200
"""One example in so many may fail on a machine that adds in another order; at least one."""


def check_receipt(
    model: nn.Module, measurement: Measurement, content: bytes, images: Images, bounds: tuple[float, float]
) -> str:
    """What a receipt proves of a measurement, in words.

    Args:
        model: the network.
        measurement: what is claimed.
        content: the receipt.
        images: the images of the measurement.
        bounds: value range of the network's images.

    Raises:
        IntegrityError: other images, a damaged receipt, or one that proves less than what is claimed.
    """
    if images.digest != measurement.data_digest:
        raise IntegrityError(
            f"the images must be those of the measurement, {measurement.data_digest[:12]}, got {images.digest[:12]}; "
            f"look at the data set {measurement.dataset}"
        )
    originals = Originals(images.images, images.levels, make_ball(ThreatModel.parse(measurement.threat), *bounds))
    proof = prove(model, originals, images.labels, content)
    claimed = measurement.samples - round(measurement.robust_accuracy * measurement.samples)
    if proof.broken < claimed - max(1, claimed // _BY_A_HAIR):
        raise IntegrityError(
            f"the receipt must prove that {claimed} of {measurement.samples} images are wrong or broken, "
            f"it proves {proof.broken}; measure the network again"
        )
    return (
        f"at most {percent(proof.at_most)} stand on {proof.samples} images under {measurement.threat}: "
        f"{proof.wrong} wrong as they are, {proof.proved} broken by stored examples"
    )
