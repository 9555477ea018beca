"""Robust accuracy of a model: a verdict for each image and attack, and the worst case over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.engine import quick_copy
from rcnas_zoo.evaluation.flags import attack_flags, model_flags
from rcnas_zoo.evaluation.inputs import Examples, check_inputs, checked_logits
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.evaluation.report import EvaluationReport, accuracy, worst_case
from rcnas_zoo.networks.accelerated import Accelerated
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.threat import ThreatModel

# A fixed number, so that the same call gives the same attack on every machine.
DEFAULT_BATCH_SIZE = 250
BALL_TOLERANCE = 1e-6
_SILENT = Silent()


def evaluate(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    attacks: Sequence[str] = ("pgd-20",),
    threat: ThreatModel | str,
    protocol: str = "default",
    seed: int = 0,
    batch_size: int | None = None,
    observer: Observer = _SILENT,
    label: str = "evaluating",
) -> EvaluationReport:
    """Attacks a model and reports its accuracies. The model comes back as it was.

    Clean accuracy is always measured; an image that is wrong already is never attacked and counts as wrong under every
    attack. Each attack has its own random source, seeded with ``seed``, so its verdicts do not depend on the others.
    Verdicts do not depend on the batch size, but for rounding, except those of ``a3``, ``a3-search`` and
    ``torchattacks:NAME``, which attack a batch together. Gradients may come from a quicker copy of the network
    (`quick_copy`); what an attack finds is judged by the plain model in float32.

    Args:
        model: (N, C, H, W) -> logits (N, classes), float32, on any device.
        images: (N, C, H, W) float in the range of ``model.spec``, else in [0, 1]; moved to the model batch by batch.
        labels: (N,) whole numbers in [0, classes).
        attacks: names, run in this order; a name given twice runs once.
        threat: threat model, or its text such as ``linf@8/255``.
        protocol: how ``pgd-N`` and ``cw-N`` climb: ``default``, ``rrn`` or ``rdnas`` (see `stepped_attack`).
        seed: of every random choice.
        batch_size: images attacked at a time; 250 if not given.
        observer: is told of the images done, over all attacks together.
        label: what the observer knows this evaluation by.

    Raises:
        InvalidInput: malformed images, labels or attack names, or a model that does not return finite logits.
        IntegrityError: an attack left the ball or the value range.
    """
    started = perf_counter()
    threat = ThreatModel.parse(threat) if isinstance(threat, str) else threat
    names = _parse_names(attacks)
    check_integer("the seed", seed, 0, 2**63 - 1)
    size = check_integer("the batch size", DEFAULT_BATCH_SIZE if batch_size is None else batch_size, 1)
    with untouched(model):
        examples = check_inputs(model, images, labels)
        flags = list(model_flags(model, *next(examples.batches(size))))
        made = [make_attack(name, threat, examples.classes, examples.low, examples.high, protocol) for name in names]
        engine = quick_copy(model, examples.device)
        bench = _Bench(model, engine, examples, size, seed, observer, label, steps=len(made) * len(examples))
        survived = {attack.name: bench.verdict(attack, place) for place, attack in enumerate(made)}
    # Wrong before any attack means wrong under every attack.
    verdicts = {name: verdict & survived["clean"] for name, verdict in survived.items()}
    asked = dict.fromkeys(attacks)
    accuracies = {name: accuracy(verdicts[name]) for name in asked}
    how = {"batch_size": size, "gradients": engine.precision if engine else "float32"}
    settings = {attack.name: {**attack.settings, **how} for attack in made if attack.name in asked}
    robust = worst_case(verdicts)
    return EvaluationReport(
        clean_accuracy=accuracy(verdicts["clean"]),
        attacks=accuracies,
        verdicts=verdicts,
        robust_accuracy=accuracy(robust),
        interval=wilson(int(robust.sum()), len(robust)),
        samples=len(robust),
        seed=seed,
        threat=threat,
        settings=settings,
        flags=(*flags, *attack_flags(accuracies, settings)),
        seconds=perf_counter() - started,
    )


def _parse_names(attacks: Sequence[str]) -> list[AttackName]:
    if isinstance(attacks, str):
        raise InvalidInput(f"attacks must be a list of names, got the text {attacks!r}; write [{attacks!r}]")
    return [AttackName.parse(name) for name in dict.fromkeys(["clean", *attacks])]


@dataclass(frozen=True)
class _Bench:
    """A model and its examples, before which the attacks come one by one."""

    model: nn.Module
    engine: Accelerated | None
    examples: Examples
    batch_size: int
    seed: int
    observer: Observer
    label: str
    steps: int

    def verdict(self, attack: Attack, place: int) -> Tensor:
        """Which images survive the attack that has this place in the order: bool (N,), on the CPU."""
        generator = torch.Generator().manual_seed(self.seed)
        parts: list[Tensor] = []
        done = place * len(self.examples)
        for images, labels in self.examples.batches(self.batch_size):
            parts.append(self._survivors(attack, images, labels, generator).cpu())
            done += len(images)
            self.observer.progress(self.label, done, self.steps, note=attack.name)
        return torch.cat(parts)

    def _survivors(self, attack: Attack, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        adversarial = attack.perturb(self.model, images, labels, generator, self.engine)
        excess = attack.ball.excess(adversarial, images)
        if excess > BALL_TOLERANCE * max(attack.ball.high - attack.ball.low, attack.ball.radius):
            raise IntegrityError(
                f"the attack {attack.name} must stay within {attack.ball.threat} and the value range, "
                f"it left them by {excess:.3g}; its result is refused"
            )
        return checked_logits(self.model, adversarial).argmax(1) == labels
