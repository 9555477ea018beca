"""What broke the images of a kept evaluation, and the receipt that proves it."""

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.transfer import by_way_of
from rcnas_zoo.candidates.verdicts import AttackJob, Ledgers
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.receipts.coarse import Originals
from rcnas_zoo.evaluation.receipts.packing import pack
from rcnas_zoo.evaluation.receipts.proof import judge
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.spec.attack import AttackName

Range = tuple[float, float]


def receipt_of(model: nn.Module, images: Images, ledgers: Ledgers, report: EvaluationReport, bounds: Range) -> bytes:
    """The receipt of a report: an example for every image that an attack broke and whose example was kept.

    Args:
        model: the network.
        images: the images that were attacked.
        ledgers: where their verdicts are; of a job that keeps examples.
        report: what was found.
        bounds: value range of the network's images.
    """
    ball = _attack("clean", ledgers.job, report.classes, bounds).ball
    originals = Originals(images.images, images.levels, ball)
    places, found = broken_examples(ledgers, report, bounds)
    with untouched(model):
        return pack(originals, found, places, judge(model, images.labels))


def broken_examples(ledgers: Ledgers, report: EvaluationReport, bounds: Range) -> tuple[Tensor, Tensor]:
    """Places (m,) ascending, and adversarial images (m, C, H, W) of what attacks broke, as far as they were kept.

    An image that several attacks break comes once, as the cheapest left it; one that is wrong without an attack does
    not come.
    """
    found: dict[int, Tensor] = {}
    names = [*report.predictions, *([report.estimate.attack] if report.estimate else [])]
    shape: tuple[int, ...] = (0, 0, 0)
    for name in names:
        ledger = ledgers.open(_attack(name, ledgers.job, report.classes, bounds), report.samples)
        places, images = ledger.examples()
        shape = tuple(images.shape[1:]) or shape
        for place, image in zip(places.tolist(), images, strict=True):
            found.setdefault(place, image)
    numbers = sorted(found)
    if not numbers:
        return torch.zeros(0, dtype=torch.int64), torch.zeros((0, *shape))
    return torch.tensor(numbers), torch.stack([found[number] for number in numbers])


def _attack(name: str, job: AttackJob, classes: int, bounds: Range) -> Attack:
    return by_way_of(job.source, make_attack(AttackName.parse(name), job.threat, classes, *bounds, job.protocol))
