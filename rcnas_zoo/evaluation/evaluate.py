"""Robust accuracy of a model: a verdict for each image and attack, and the worst case over them."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.transfer import Source, by_way_of
from rcnas_zoo.evaluation.batching import Batching
from rcnas_zoo.evaluation.bench import Bench
from rcnas_zoo.evaluation.campaign import Campaign, Means
from rcnas_zoo.evaluation.engine import gradient_precision
from rcnas_zoo.evaluation.findings import Findings
from rcnas_zoo.evaluation.flags import attack_flags, model_flags
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.evaluation.limits import UNLIMITED, Limits
from rcnas_zoo.evaluation.lint.checks import lint_flags
from rcnas_zoo.evaluation.report import EvaluationReport, accuracy, worst_case
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.threat import ThreatModel

FLAGGED_IMAGES = 250
CHEAP = "apgd-ce"
"""Runs on every image where the only attack asked for is to see a sample alone."""
_SILENT, _ALONE = Silent(), Means()
_CLEAN = AttackName("clean")


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
    limits: Limits = UNLIMITED,
    source: Source | None = None,
    lint: bool = False,
    means: Means = _ALONE,
    observer: Observer = _SILENT,
    label: str = "evaluating",
) -> EvaluationReport:
    """Attacks a model and reports its accuracies. The model comes back as it was.

    Clean accuracy is always measured; an image that is wrong already is never attacked and counts as wrong under every
    attack. Attacks run from the cheapest to the dearest. Every image has its own random source for each attack, seeded
    with ``seed`` and its place, so a verdict depends on neither the other attacks nor, but for rounding, the batch;
    those of ``torchattacks:NAME`` and ``a3``, which attack a batch together, do. Gradients may come from a quicker copy
    of the network (`quick_copy`); what an attack finds is judged by the plain model in float32.

    An attack that fails leaves a flag, and the others their verdicts.

    Args:
        model: (N, C, H, W) -> logits (N, classes), float32, on any device.
        images: (N, C, H, W) float in the range of ``model.spec``, else in [0, 1]; moved to the model batch by batch.
        labels: (N,) whole numbers in [0, classes).
        attacks: names; one given twice runs once.
        threat: threat model, or its text such as ``linf@8/255``.
        protocol: how ``pgd-N`` and ``cw-N`` climb: ``default``, ``rrn`` or ``rdnas`` (see `stepped_attack`).
        seed: of every random choice.
        batch_size: images attacked at a time; None for the rule of `Batching`. Halved where memory does not suffice.
        limits: when it may end with an estimate.
        source: another network that images are attacked on, in a transfer test; None for the model itself.
        lint: whether to look, at the price of some attacks more, for signs that the numbers deceive (see `lint_flags`).
        means: who works, and where verdicts are kept.
        observer: is told of the images done.
        label: what the observer knows this evaluation by; the note is the attack's name.

    Raises:
        InvalidInput: malformed images, labels or attack names, or a model that does not return finite logits.
        IntegrityError: the only attack left the ball or the value range.
        Unavailable: memory does not suffice for one image, or the verdicts cannot be kept.
    """
    threat = _parse_threat(threat)
    if not isinstance(model, nn.Module):
        raise InvalidInput(f"the model must be a torch.nn.Module, got a {type(model).__name__}; load a name first")
    asked = _parse_names(attacks, limits)
    check_integer("the seed", seed, 0, 2**63 - 1)
    if batch_size is not None:
        check_integer("the batch size", batch_size, 1)
    with untouched(model):
        examples = check_inputs(model, images, labels)
        some = examples.at(slice(0, min(FLAGGED_IMAGES, batch_size or FLAGGED_IMAGES)))
        flags = list(model_flags(model, *some, examples.low, examples.high))
        if lint:
            observer.progress(label, 0, 1, "lint")
            flags += lint_flags(model, examples, threat, seed)
            observer.progress(label, 1, 1, "lint")
        bounds = (examples.classes, examples.low, examples.high, protocol)
        names = dict.fromkeys([_CLEAN, *asked])
        made = [by_way_of(source, make_attack(name, threat, *bounds)) for name in names]
        batching = Batching(_macs(model), examples.device.type, means.count, batch_size)
        campaign = Campaign(Bench(model, examples, seed), seed, batching, means, limits, observer, label)
        findings = campaign.run(made)
        how = {"gradients": gradient_precision(model, examples.device)}
    ran = {attack.name: {**how, **batching.settings(attack)} for attack in made if attack.name in findings.settings}
    settings = {name: {**findings.settings[name], **ran[name]} for name in map(str, asked) if name in ran}
    return _report(findings, settings, flags, seed, threat, examples.classes)


def _parse_threat(threat: object) -> ThreatModel:
    if isinstance(threat, str):
        return ThreatModel.parse(threat)
    if not isinstance(threat, ThreatModel):
        raise InvalidInput(f"a threat must be a text such as linf@8/255 or a ThreatModel, got {shortened(threat)}")
    return threat


def _parse_names(attacks: Sequence[str], limits: Limits) -> list[AttackName]:
    if isinstance(attacks, str):
        raise InvalidInput(f"attacks must be a list of names, got the text {attacks!r}; write [{attacks!r}]")
    names = [AttackName.parse(name) for name in dict.fromkeys(attacks)]
    if limits.tolerance is not None and len([name for name in names if name != _CLEAN]) == 1:
        return [AttackName.parse(CHEAP), *names]
    return names


def _macs(model: nn.Module) -> int:
    spec = getattr(model, "spec", None)
    return nominal_cost(spec).macs if isinstance(spec, NetworkSpec) else 0


def _report(
    findings: Findings,
    settings: dict[str, dict[str, Any]],
    flags: list[str],
    seed: int,
    threat: ThreatModel,
    classes: int,
) -> EvaluationReport:
    labels, estimate = findings.labels, findings.estimate
    clean = findings.predictions["clean"] == labels
    # Wrong before any attack means wrong under every attack.
    judged = {name: (found == labels) & clean for name, found in findings.predictions.items()}
    robust = worst_case(judged)
    # What an attack that failed has broken stays broken, but it has no accuracy of its own.
    verdicts = {name: verdict for name, verdict in judged.items() if name not in findings.failures}
    accuracies = {name: accuracy(verdicts[name]) for name in settings if name in verdicts}
    if estimate is not None and estimate.attack in settings:
        accuracies[estimate.attack] = estimate.value
    own = {name: value for name, value in accuracies.items() if name not in findings.joint}
    return EvaluationReport(
        clean_accuracy=accuracy(clean),
        attacks=accuracies,
        verdicts=verdicts,
        robust_accuracy=estimate.value if estimate else accuracy(robust),
        interval=estimate.interval if estimate else wilson(int(robust.sum()), len(robust)),
        samples=len(labels),
        seed=seed,
        threat=threat,
        settings=settings,
        flags=(*flags, *findings.flags, *attack_flags(own, settings)),
        seconds=findings.seconds,
        predictions=findings.predictions,
        labels=labels,
        classes=classes,
        estimate=estimate,
    )
