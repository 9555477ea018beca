"""One network, some test images, some attacks: all that a measurement hangs on."""

from dataclasses import dataclass, replace

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.transfer import Source
from rcnas_zoo.candidates.examples import receipt_of
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.verdicts import AttackJob, Ledgers, computed_by, evaluate_job, subset
from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.dataset import check_dataset_name, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.own_model import names_function
from rcnas_zoo.workflows.resuming import token_of
from rcnas_zoo.workflows.specs import check_fits
from rcnas_zoo.workflows.subject import Subject, find_subject

SEVERAL_FROM_MACS = 1e12
"""Less work than this is done sooner than worker processes are started."""
LEAST_MACS = 2_000_000
"""What a pass takes in any case, as if the network had so many MACs."""


@dataclass(frozen=True, eq=False)
class Question:
    """How a network fares on test images under attack.

    Attributes:
        subject: the network.
        dataset: name of the data set.
        images: the test images.
        job: attacks, threat, seed and who works.
        ledgers: where verdicts are kept.
        threads: torch threads.
    """

    subject: Subject
    dataset: str
    images: Images
    job: AttackJob
    ledgers: Ledgers
    threads: int

    def answer(self, observer: Observer) -> EvaluationReport:
        """The report, from kept verdicts and new ones; raises as `evaluate`."""
        label = f"attacking {self.subject.text}"
        return evaluate_job(self.subject.network, self.images, self.job, self.ledgers, self.threads, observer, label)

    def under(self, threat: ThreatModel) -> "Question":
        """The same question under another threat."""
        job = replace(self.job, threat=threat)
        return replace(self, job=job, ledgers=replace(self.ledgers, job=job))

    def receipt(self, report: EvaluationReport) -> bytes:
        """What proves an answer; see `receipt_of`."""
        return receipt_of(self.subject.network, self.images, self.ledgers, report, self.subject.value_range)


def ask(subject: Subject, settings: EvaluateSettings, machine: Machine) -> Question:
    """The question that settings ask of a network.

    Raises:
        InvalidInput: no data set known, or one that does not fit the network.
        NotFound: the data are absent.
        IntegrityError: the evaluation to resume is of something else.
    """
    name = check_dataset_name(subject.data_set(settings.dataset))
    threat = settings.threat or _usual_threat(subject, name)
    dataset = DataSource(name, machine.data_root, machine.download).dataset()
    if subject.entry:
        check_fits(subject.entry.spec, dataset.shape, dataset.classes)
    test = dataset.test()
    images = subset(test, settings.samples, settings.seed) if settings.samples else test
    job = AttackJob(
        settings.attacks,
        threat,
        settings.seed,
        machine.cache,
        protocol=settings.protocol,
        limits=settings.limits,
        workers=_workers(subject, settings, images, machine),
        keeps_examples=True,
        source=_source(settings, dataset, machine),
        lint=settings.lint,
    )
    # The spec tells where a network is worth more processes; one of the user's own may not travel to them.
    threads = 1 if subject.entry else available_cores()
    return Question(subject, name, images, job, _ledgers(subject, settings, images, job, threads), threads)


def _source(settings: EvaluateSettings, dataset: Dataset, machine: Machine) -> Source | None:
    if not settings.source:
        return None
    found = find_subject(settings.source, machine)
    if found.entry:
        check_fits(found.entry.spec, dataset.shape, dataset.classes)
    first = dataset.test().select([0])
    try:
        with untouched(found.network):
            check_inputs(found.network, first.floats(), first.labels)
    except InvalidInput as error:
        raise InvalidInput(f"the source {settings.source!r} must take the same images: {error}") from error
    return Source(found.network, digest(found.identity))


def _usual_threat(subject: Subject, dataset: str) -> ThreatModel:
    own = subject.entry.record.threat if subject.entry and dataset == subject.dataset else ""
    return ThreatModel.parse(own) if own else default_threat(dataset)


def _workers(subject: Subject, settings: EvaluateSettings, images: Images, machine: Machine) -> int:
    """Processes that pay: one where the work is short, or where a network may not travel."""
    # The user's own code may not travel.
    if subject.entry is None or names_function(settings.source):
        return 1
    spec, threat = subject.entry.spec, ThreatModel.parse("linf@8/255")
    made = [make_attack(AttackName.parse(name), threat, spec.classes) for name in settings.attacks]
    work = max(cost(spec).macs, LEAST_MACS) * sum(attack.effort for attack in made) * len(images)
    return machine.worker_count() if work >= SEVERAL_FROM_MACS else 1


def _ledgers(subject: Subject, settings: EvaluateSettings, images: Images, job: AttackJob, threads: int) -> Ledgers:
    known = subject.entry is not None and not names_function(settings.source)
    asked = {"model": subject.text, "data": settings.dataset or "", "threat": str(settings.threat or "")} | {
        name: getattr(settings, name) for name in ("samples", "seed", "protocol", "source")
    }
    identity = {**subject.identity, "data": images.digest, **({"source": job.source.identity} if job.source else {})}
    token = token_of(job.cache, asked, identity, resume=settings.resume, known=known)
    named = {**subject.identity, **computed_by(subject.network, threads), **({"token": token} if token else {})}
    return Ledgers(job, images.digest, named)
