"""The Python face: what ``import rcnas_zoo`` offers. Torch is imported only by what needs it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rcnas_zoo.evaluation.report import EvaluationReport
    from rcnas_zoo.workflows.finetune import FinetuneResult
    from rcnas_zoo.workflows.machine import Machine
    from rcnas_zoo.zoo.entry import Entry


def build(spec: NetworkSpec, seed: int = 0) -> "nn.Module":
    """A freshly initialised network in eval mode; input (N, C, H, W) in the spec's value range, output (N, classes)."""
    from rcnas_zoo.networks.build import build as build_network

    return build_network(spec, seed)


def load(name: str | Path, device: str = "auto") -> "nn.Module":
    """A trained network in eval mode: a zoo name (``robust-2m``) or an entry folder; input in [0, 1].

    Raises:
        InvalidInput: a malformed name, or an unknown device.
        NotFound: no such name, version, weights or folder.
        IntegrityError: hashes, weights or canary do not match.
        Unavailable: the registry does not answer, or the machine does not have the device.
    """
    from rcnas_zoo.workflows.entry_of import entry_of
    from rcnas_zoo.workflows.machine import Machine
    from rcnas_zoo.zoo.loading import load_model

    machine = Machine(device=device)
    return load_model(entry_of(str(name), machine), machine.device_name())


def evaluate(
    model: "nn.Module",
    images: "Tensor",
    labels: "Tensor",
    attacks: Sequence[str] = ("pgd-20",),
    threat: str | ThreatModel = "linf@8/255",
    seed: int = 0,
    batch_size: int | None = None,
    protocol: str = "default",
    time_limit: float | None = None,
    tolerance: float | None = None,
    lint: bool = False,
) -> "EvaluationReport":
    """Attack a network of yours; it is left as it was found.

    Args:
        model: takes (N, C, H, W) float images in [0, 1], gives logits (N, classes).
        images: (N, C, H, W), float in [0, 1].
        labels: (N,), integers.
        attacks: attack names, such as ``pgd-20`` and ``autoattack``.
        threat: norm and radius.
        seed: seed of every random choice.
        batch_size: images attacked at once; None takes a fixed size.
        protocol: how ``pgd-N`` and ``cw-N`` climb: ``default``, ``rrn`` or ``rdnas``.
        time_limit: seconds after which no further batch is begun; then ``report.estimate`` says what is not certain.
        tolerance: the dearest attack runs on a sample until the robust accuracy is known so well, such as 0.02.
        lint: whether to look for signs that the numbers deceive (``report.flags``).

    Raises:
        InvalidInput: images, labels, attacks or threat are malformed.
    """
    from rcnas_zoo.evaluation.evaluate import evaluate as evaluate_model
    from rcnas_zoo.evaluation.limits import Limits

    return evaluate_model(
        model,
        images,
        labels,
        attacks=attacks,
        threat=threat,
        protocol=protocol,
        seed=seed,
        batch_size=batch_size,
        limits=Limits(time_limit, tolerance),
        lint=lint,
    )


def finetune(
    task: Task | str, *, iterations: int = 10, seed: int = 0, machine: "Machine | None" = None, **settings: Any
) -> "FinetuneResult":
    """Search, train, measure and publish a network for a task.

    Args:
        task: a task or its text, such as ``digits/pgd-20/wrn-16-2/2m``.
        iterations: updates of the agent.
        seed: seed of every random choice.
        machine: where it runs.
        settings: other fields of `rcnas_zoo.workflows.settings.FinetuneSettings`.

    Raises:
        InvalidInput, NotFound, Unavailable: as `rcnas_zoo.workflows.finetune.finetune`.
    """
    from rcnas_zoo.workflows.finetune import finetune as run
    from rcnas_zoo.workflows.settings import FinetuneSettings

    asked = Task.parse(task) if isinstance(task, str) else task
    return run(asked, FinetuneSettings(iterations=iterations, seed=seed, **settings), machine)


def train(network: str, dataset: str, to: str | Path, *, machine: "Machine | None" = None, **settings: Any) -> "Entry":
    """Train a network adversarially and write it as an entry folder.

    Args:
        network: an architecture's name (``wrn-16-2``), a spec file, an entry folder or a zoo name.
        dataset: a data set's name.
        to: the folder to make.
        machine: where it runs.
        settings: fields of `rcnas_zoo.workflows.train.TrainSettings`.

    Raises:
        InvalidInput, NotFound, Unavailable: as `rcnas_zoo.workflows.train.train`.
    """
    from rcnas_zoo.workflows.train import TrainSettings
    from rcnas_zoo.workflows.train import train as run

    return run(network, dataset, Path(to), TrainSettings(**settings), machine)
