"""How the time of an attack grows with images, steps and classes.

python benchmarks/attack_growth.py

python benchmarks/report.py

An untrained WRN-10-1 for 28x28 images in one process with one thread, random images with the labels that it gives them,
and a radius so small that no image breaks: every image costs what one that stands costs. By images and steps it is
PGD, by classes the targeted parts of AutoAttack with 10 steps. Rounds take the cases in turn.
"""

import sys
import time
from pathlib import Path

import click
import torch
from machine import facts
from results import FOLDER, Results

from rcnas_zoo.attacks.autoattack import Effort, make_part
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.threat import ThreatModel

THREAT = ThreatModel.parse("linf@1/100000")
IMAGES, STEPS, CLASSES = 125, 20, 10
CASES = {"images": (125, 250, 500, 1000), "steps": (5, 10, 20, 40), "classes": (5, 10, 20, 100)}


def attacks(what: str, value: int) -> list[Attack]:
    """The attacks of a case."""
    if what != "classes":
        name = AttackName.parse(f"pgd-{value if what == 'steps' else STEPS}")
        return [make_attack(name, THREAT, CLASSES)]
    ball = make_ball(THREAT, 0.0, 1.0)
    return [make_part(name, ball, value, Effort(steps=10)) for name in ("apgd-t", "fab-t")]


def seconds(what: str, value: int) -> float:
    """What a case takes."""
    count, classes = value if what == "images" else IMAGES, value if what == "classes" else CLASSES
    model = build(named_spec("wrn-10-1", InputSpec((1, 28, 28)), classes)).eval()
    images = torch.rand((count, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        labels = model(images).argmax(1)
    started = time.perf_counter()
    for attack in attacks(what, value):
        for part, right in zip(torch.split(images, IMAGES), torch.split(labels, IMAGES), strict=True):
            attack.perturb(model, part, right, torch.Generator().manual_seed(0))
    return time.perf_counter() - started


@click.command(help=__doc__)
@click.option("--rounds", default=3, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(rounds: int, results: Path) -> None:
    torch.set_num_threads(1)
    kept = Results.open(results / "attack-growth.json", facts(torch.device("cpu")))
    seconds("images", IMAGES)
    for number in range(rounds):
        for what, values in CASES.items():
            for value in values:
                key = {"what": what, "value": value, "round": number}
                if not kept.find(**key):
                    kept.add({**key, "seconds": round(seconds(what, value), 3)})
                    print(kept.rows[-1], file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
