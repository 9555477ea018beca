"""Everything that can be wrong with a fine-tuning run, checked before anything is trained."""

from dataclasses import dataclass
from pathlib import Path

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.spec.dataset import DATASETS, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.budgets import check_budget
from rcnas_zoo.workflows.entry_of import entry_of
from rcnas_zoo.workflows.finals import FinalPlan, final_plan
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.problem import TeacherJob, teacher_spec_of
from rcnas_zoo.workflows.recipes import final_recipe, search_recipe
from rcnas_zoo.workflows.settings import FinetuneSettings, with_epochs


@dataclass(frozen=True)
class Prepared:
    """A fine-tuning run whose every part is known to fit.

    Attributes:
        task, settings, threat: what is asked for.
        teacher: how the teacher's facts are made.
        search, final: the training jobs of a candidate and of a network that is kept, with the teacher's spec.
        plan: what the test split is asked.
        notes: what the user should know.
    """

    task: Task
    settings: FinetuneSettings
    threat: ThreatModel
    teacher: TeacherJob
    search: TrainingJob
    final: TrainingJob
    plan: FinalPlan
    notes: tuple[str, ...]


def prepare(task: Task, settings: FinetuneSettings, machine: Machine) -> Prepared:
    """Check the task against the teacher and the data.

    Raises:
        InvalidInput: the budget, the teacher or the data do not fit one another.
        NotFound: the data or the teacher's weights are absent.
    """
    threat = settings.threat or default_threat(task.dataset)
    if threat.norm != "linf":
        raise InvalidInput(f"a search must be for a Linf threat, such as linf@8/255, got {threat}")
    weights, spec = _teacher(task, settings, machine)
    note = check_budget(task.budget, spec)
    source = DataSource(task.dataset, machine.data_root, machine.download)
    search = TrainingJob(
        spec=spec,
        recipe=with_epochs(search_recipe(source.dataset(), threat), settings.search_epochs),
        seed=settings.seed,
        source=source,
        cache=machine.cache,
        device=machine.device_name(),
        threads=max(1, available_cores() // machine.worker_count()),
    )
    recipe = with_epochs(final_recipe(source.dataset(), threat), settings.final_epochs)
    final = TrainingJob(spec, recipe, settings.seed, source, machine.cache, search.device, search.threads)
    attack = str(task.attack)
    return Prepared(
        task=task,
        settings=settings,
        threat=threat,
        teacher=TeacherJob(search, attack, threat, weights),
        search=search,
        final=final,
        plan=final_plan(attack, settings.subset_samples),
        notes=(note,) if note else (),
    )


def _teacher(task: Task, settings: FinetuneSettings, machine: Machine) -> tuple[Path | None, ResidualSpec]:
    shape, classes = _shape(task, machine)
    if settings.teacher_weights:
        entry = entry_of(settings.teacher_weights, machine)
        return entry.folder, teacher_spec_of(entry, shape, classes)
    return None, teacher_spec(task.teacher, InputSpec(shape), classes)


def _shape(task: Task, machine: Machine) -> tuple[tuple[int, int, int], int]:
    facts = DATASETS.get(task.dataset)
    if facts is not None:
        return facts.shape, facts.classes
    dataset = DataSource(task.dataset, machine.data_root, machine.download).dataset()
    return dataset.shape, dataset.classes


def rule_network(prepared: Prepared) -> ResidualSpec:
    """The network of the RobustResNet rule under the task's budget, for the same images.

    Raises:
        InvalidInput: none of the rule's networks meets the budget.
    """
    spec = prepared.search.spec
    return robustresnet_spec(prepared.task.budget.macs, spec.input, spec.classes)
