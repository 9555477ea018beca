"""Everything that can be wrong with a fine-tuning run, checked before anything is trained."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from torch import Tensor

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.candidates.verdicts import weights_digest
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.dataset import DATASETS, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.agents import Agent, choose_agent
from rcnas_zoo.workflows.budgets import check_budget
from rcnas_zoo.workflows.finals import FinalPlan, final_plan
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.recipes import final_recipe, search_recipe
from rcnas_zoo.workflows.rivals import check_rivals
from rcnas_zoo.workflows.settings import FinetuneSettings, Proxy, with_epochs
from rcnas_zoo.workflows.teachers import Teacher, find_teacher


@dataclass(frozen=True)
class Prepared:
    """A fine-tuning run whose every part is known to fit.

    Attributes:
        task, settings, threat: what is asked for.
        teacher: the network to compress.
        agent: the agent's options, and the policy that it starts from, if any.
        search, final: the training jobs of a candidate and of a network that is kept, with the teacher's spec.
        plan: what the test split is asked.
        notes: what the user should know.
    """

    task: Task
    settings: FinetuneSettings
    threat: ThreatModel
    teacher: Teacher
    agent: Agent
    search: TrainingJob
    final: TrainingJob
    plan: FinalPlan
    notes: tuple[str, ...]

    @property
    def key(self) -> str:
        """Digest of everything that decides the result; an interrupted run is found again by it."""
        policy = self.policy and weights_digest(self.policy)
        # What the agent is counts, not by which words it was asked for.
        settings = {
            **self.settings.to_dict(),
            "policy": None,
            "agent_changes": {},
            "agent": asdict(self.agent.settings),
        }
        return digest([str(self.task), settings, self.teacher.lineage(), policy, self.final.key()])

    @property
    def posed(self) -> PosedTask:
        """The task under its threat."""
        return PosedTask(self.task, self.threat)

    @property
    def policy(self) -> Mapping[str, Tensor] | None:
        """What the agent starts from; None for a fresh agent."""
        return self.agent.policy


def prepare(task: Task, settings: FinetuneSettings, machine: Machine) -> Prepared:
    """Check the task against teacher, data and policy.

    Raises:
        InvalidInput: the budget, the teacher, the data or the policy do not fit one another.
        NotFound: the data, the teacher's weights or the policy are absent.
        IntegrityError: the teacher's entry or the policy is damaged.
    """
    threat = settings.threat or default_threat(task.dataset)
    check_searchable(threat)
    source = DataSource(task.dataset, machine.data_root, machine.download)
    # A known data set is opened last: it may be large, or absent.
    facts = DATASETS.get(task.dataset) or source.dataset()
    teacher = find_teacher(task, settings.teacher_weights, facts.shape, facts.classes, machine)
    budget_note = check_budget(task.budget, teacher.spec)
    agent = choose_agent(settings, len(teacher.spec.stages), machine)
    check_rivals(settings, agent, PosedTask(task, threat), teacher.spec)
    dataset = source.dataset()
    notes = (budget_note, _foreign(task, teacher), agent.note)
    threads = max(1, available_cores() // machine.worker_count())
    search = search_job(teacher.spec, source, threat, settings.proxy, machine, threads)
    recipe = final_recipe(dataset, threat, settings.final_recipe)
    final = with_epochs(recipe, settings.final_epochs, settings.precision)
    return Prepared(
        task=task,
        settings=settings,
        threat=threat,
        teacher=teacher,
        agent=agent,
        search=search,
        final=replace(search, recipe=final, source=replace(source, train_size=settings.final_train_size)),
        plan=final_plan(str(task.attack), settings.subset_samples),
        notes=tuple(note for note in notes if note),
    )


def check_searchable(threat: ThreatModel) -> None:
    """Raise InvalidInput if no recipe trains against a threat."""
    if threat.norm != "linf":
        raise InvalidInput(f"a search must be for a Linf threat, such as linf@8/255, got {threat}")


def search_job(
    spec: NetworkSpec, source: DataSource, threat: ThreatModel, proxy: Proxy, machine: Machine, threads: int
) -> TrainingJob:
    """The training of a network in a search: a candidate's, or its teacher's."""
    return TrainingJob(
        spec=spec,
        recipe=with_epochs(search_recipe(source.dataset(), threat, proxy.recipe), proxy.epochs, proxy.precision),
        seed=proxy.seed,
        source=replace(source, train_size=proxy.train_size),
        cache=machine.cache,
        device=machine.device_name(),
        threads=threads,
    )


def _foreign(task: Task, teacher: Teacher) -> str:
    """A note if the teacher is another network than the task says."""
    if teacher.spec == teacher_spec(task.teacher, teacher.spec.input, teacher.spec.classes):
        return ""
    price = format_macs(cost(teacher.spec).macs)
    return f"the teacher is {teacher.name!r} with {price} MACs, not the {task.teacher} that the task names"


def rule_network(prepared: Prepared) -> ResidualSpec:
    """The network of the RobustResNet rule under the task's budget, for the same images.

    Raises:
        InvalidInput: none of the rule's networks meets the budget.
    """
    spec = prepared.teacher.spec
    return robustresnet_spec(prepared.task.budget.macs, spec.input, spec.classes)
