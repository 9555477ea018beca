"""A minute of training for each objective, watched with FGSM and PGD-20 on the evaluation split."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from benchmarks.gpu.rates import Case, measure
from benchmarks.gpu.recipes import network_spec, quick_recipe, with_precision
from benchmarks.gpu.slices import TimeUp, ending_after, left
from benchmarks.gpu.telling import Lines, say
from benchmarks.gpu.train import GO_ON, surroundings
from benchmarks.gpu.work import open_dataset, whole_batches
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.splits import Splits, sample
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.tables import percent
from rcnas_zoo.training.batches import to_range, value_range
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

LOOKS = 4
"""Looks at a network in its minute, at least: a collapse is seen between two of them."""
TIMED_SECONDS = 2.0
ATTACKS = ("fgsm", "pgd-20")
COLLAPSE = 0.5
"""Share of its best accuracy under PGD-20 below which a network has collapsed."""


@dataclass
class Watch(Lines):
    """Attacks a network after each epoch with one step and with twenty.

    Attributes:
        model: the network under training; it comes back as it was.
        images: of the evaluation split.
        threat, seed: of the attacks.
        curve: accuracies so far, in [0, 1], an epoch a row: ``clean``, ``fgsm``, ``pgd-20``.
    """

    model: nn.Module
    images: Images
    threat: str
    seed: int
    curve: list[dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        floats = to_range(self.images.images, self.images.levels, *value_range(self.model))
        report = evaluate(self.model, floats, self.images.labels, attacks=ATTACKS, threat=self.threat, seed=self.seed)
        self.curve.append({"clean": report.clean_accuracy, **report.attacks})
        super().epoch(number, total, {**metrics, **self.curve[-1]})


def overfits(curve: Sequence[Mapping[str, float]]) -> bool:
    """Whether a training overfitted catastrophically: it learnt one step and forgot twenty (Wong et al. 2020).

    Accuracy under PGD-20 fell to less than half of its best, while that under FGSM rose from what it was then.
    """
    best = max(range(len(curve)), key=lambda place: curve[place]["pgd-20"])
    last = curve[-1]
    return last["pgd-20"] < COLLAPSE * curve[best]["pgd-20"] and last["fgsm"] > curve[best]["fgsm"]


def verdict(name: str, curve: Sequence[Mapping[str, float]]) -> str:
    """One line on a pilot."""
    last, best = curve[-1], max(row["pgd-20"] for row in curve)
    numbers = (
        f"clean {percent(last['clean'])}, FGSM {percent(last['fgsm'])}, PGD-20 {percent(last['pgd-20'])} "
        f"(best {percent(best)})"
    )
    told = "catastrophic overfitting, do not take it" if overfits(curve) else "no sign of catastrophic overfitting"
    return f"{name}: {numbers}; {told}"


def run(arguments: Namespace) -> int:
    """The command: `GO_ON` when the slice was too short for all; those that are done are kept."""
    dataset, device = open_dataset(arguments.dataset, arguments.data), pick_device(arguments.device)
    spec = network_spec(arguments.network, dataset)
    found: dict[str, Any] = {}
    path = arguments.out / "pilot.json"
    try:
        with ending_after(left(arguments.slice_minutes)):
            for objective in arguments.objectives:
                changes = dict(arguments.set)
                recipe = quick_recipe(arguments.dataset, objective, changes)
                recipe = with_precision(recipe, spec, device, asked="precision" in changes)
                case = Case(spec, recipe.with_changes(selection_attack="none"), device, arguments.compile)
                found[objective] = one(case, whole_batches(dataset.train, recipe.batch_size), arguments)
                _keep(path, {"network": arguments.network, "pilots": found, **surroundings(device)})
                print(verdict(found[objective]["title"], found[objective]["curve"]), flush=True)
    except TimeUp:
        say(f"the slice is over before all of {', '.join(arguments.objectives)} were tried; raise --slice-minutes")
        return GO_ON
    return 0


def one(case: Case, splits: Splits, arguments: Namespace) -> dict[str, Any]:
    """A pilot of one objective: its curve, and what it took."""
    rate = measure(case, TIMED_SECONDS)["images_per_second"]
    seen, batch = rate * arguments.seconds, case.recipe.batch_size
    count = min(len(splits.train), max(1, int(seen / LOOKS / batch)) * batch)
    images = sample(splits.train, count) if count < len(splits.train) else splits.train
    recipe = case.recipe.with_changes(epochs=max(1, int(seen / count)), weight_average=0.0)
    model = build(case.spec, arguments.seed)
    watch = Watch(model, subset(splits.evaluation, arguments.samples, 0), recipe.threat, arguments.seed)
    host = Host(case.device, watch, f"pilot of {case.title}", compile=case.compile)
    result = train(model, images, splits.evaluation, recipe, seed=arguments.seed, host=host)
    return {
        "title": case.title,
        "images": count,
        "epochs": recipe.epochs,
        "images_per_second": rate,
        "seconds": round(result.seconds, 1),
        "curve": watch.curve,
        "overfits": overfits(watch.curve),
        "recipe": recipe.to_dict(),
    }


def _keep(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, canonical_json(data).encode())
