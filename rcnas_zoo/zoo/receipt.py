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
    claimed = measurement.samples - round(measurement.robust_accuracy * measurement.samples)
    return prove_claim(model, ThreatModel.parse(measurement.threat), content, images, bounds, claimed)


def prove_claim(
    model: nn.Module, threat: ThreatModel, content: bytes, images: Images, bounds: tuple[float, float], claimed: int
) -> str:
    """As `check_receipt`, for the claim that so many images are wrong or can be broken."""
    proof = prove(model, Originals(images.images, images.levels, make_ball(threat, *bounds)), images.labels, content)
    if proof.broken < claimed - max(1, claimed // _BY_A_HAIR):
        raise IntegrityError(
            f"the receipt must prove that {claimed} of {len(images)} images are wrong or broken, "
            f"it proves {proof.broken}; measure the network again"
        )
    return (
        f"at most {percent(proof.at_most)} stand on {proof.samples} images under {threat}: "
        f"{proof.wrong} wrong as they are, {proof.proved} broken by stored examples"
    )
