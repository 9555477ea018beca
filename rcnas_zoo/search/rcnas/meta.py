"""Meta-training of the agent (RC-NAS Algorithm 1), one network at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, accuracy_ratio, annealing, reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.table import stage_numbers, stages_of
from rcnas_zoo.search.knowledge import Experience
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.baseline import Baseline
from rcnas_zoo.search.rcnas.drawing import Drawn, Filter
from rcnas_zoo.search.rcnas.features import task_features, teacher_pattern
from rcnas_zoo.search.rcnas.meta_tasks import MetaTasks
from rcnas_zoo.search.rcnas.settings import PRINTED, RcnasSettings
from rcnas_zoo.spec.canonical import check_flag, check_integer
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem


@dataclass(frozen=True)
class MetaSettings:
    """How a meta-training goes.

    Attributes:
        iterations: M of Algorithm 1; each visits ``agent.steps`` networks and ends in one update.
        students_enter: a student enters the architecture buffer and may be the teacher of a later step of the same
            iteration, as Algorithm 1 has it. Otherwise all steps of an iteration compress the task's own teacher, so
            that their rewards can be compared.
        agent: the agent's options.
        reward: how rewards are made.

    Raises:
        InvalidInput: no iteration.
    """

    iterations: int = 100
    students_enter: bool = False
    agent: RcnasSettings = field(default_factory=lambda: meta_agent(100))
    reward: RewardSettings = field(default_factory=RewardSettings)

    def __post_init__(self) -> None:
        check_integer("the iterations", self.iterations, 1, 1_000_000)
        check_flag("whether students enter the buffer", self.students_enter)


def meta_agent(iterations: int, **changes: object) -> RcnasSettings:
    """The agent's options that suit a meta-training of so many iterations: the more, the smaller its steps."""
    rate = 3e-3 if iterations < 300 else 2e-3 if iterations < 1000 else 1e-3
    base = RcnasSettings(
        steps=5, baseline="leave-one-out", learning_rate=rate, log_std=-0.3, first_query_mean=False, stride_prior=0.0
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def printed_agent(**changes: object) -> RcnasSettings:
    """The agent's options as Algorithm 1 and Eq. 5 print them: raw rewards, an annealed penalty, no filter."""
    base = replace(PRINTED, steps=5, annealing=15, cost_filter=False)
    return replace(base, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class MetaStep:
    """One network of a meta-training.

    Attributes:
        iteration, step: when, from 0.
        task: its number.
        teacher: what was compressed.
        proposal, outcome: the network and what came of it.
        root_compression: share of the parameters of the task's own teacher that is gone; negative if there are more.
    """

    iteration: int
    step: int
    task: int
    teacher: ResidualSpec
    proposal: Proposal
    outcome: Outcome
    root_compression: float


@dataclass(frozen=True, eq=False)
class _Pull:
    """What the policy learns from: a state, the teacher's bits, an action, and its reward."""

    states: Tensor
    pattern: Tensor
    action: Tensor
    reward: float


class MetaTrainer:
    """Trains an actor on many tasks. What it is at any step can be stored and taken up again, bit by bit.

    Algorithm 1 draws data set and attack once an iteration; the budget comes with them and is a share of the task's own
    teacher, also where a smaller student is compressed further.

    Args:
        settings: how it goes.
        actor: the agent; it is changed.
        tasks: what it learns from.
        seed: seed of every draw.
    """

    def __init__(self, settings: MetaSettings, actor: Actor, tasks: MetaTasks, seed: int) -> None:
        self._settings = settings
        self._actor = actor
        self._tasks = tasks
        self._generator = torch.Generator().manual_seed(seed)
        self._baselines = [Baseline(settings.agent.baseline, settings.agent.baseline_decay) for _ in tasks.names]
        self._done = 0
        self._task = 0
        self._buffer: list[tuple[int, ResidualSpec]] = []
        self._seen: list[ResidualSpec] = []
        self._pulls: list[_Pull] = []
        self._rows: list[tuple[int, ResidualSpec, float, float]] = []
        self._severity = [float("nan")] * len(tasks.names)

    @property
    def done(self) -> int:
        """Networks visited."""
        return self._done

    @property
    def total(self) -> int:
        """Networks to visit in all."""
        return self._settings.iterations * self._settings.agent.steps

    @property
    def finished(self) -> bool:
        """Whether all iterations are done."""
        return self._done >= self.total

    def step(self, observer: Observer) -> MetaStep:
        """Propose one network, have it evaluated, and learn once an iteration is complete."""
        iteration, step = divmod(self._done, self._settings.agent.steps)
        if step == 0:
            self._begin()
        root, teacher = self._teacher()
        problem = self._problem(root, teacher)
        pull, drawn = self._draw(problem, teacher)
        proposal = Proposal(self._done, drawn.spec, note=drawn.note)
        (outcome,) = self._tasks.evaluator(self._task).evaluate(problem, [proposal], observer)
        self._pulls.append(replace(pull, reward=self._reward(outcome, problem)))
        self._note(root, drawn.spec, outcome)
        self._done += 1
        if step + 1 == self._settings.agent.steps:
            self._learn()
        own = cost(self._tasks.roots(self._task)[0]).parameters
        return MetaStep(iteration, step, self._task, teacher, proposal, outcome, 1 - outcome.parameters / own)

    def experience(self) -> Experience:
        """Every network of each task so far, once; ratios and severities are of the tasks' own teachers.

        A network that is visited again comes from the cache: to count it twice would make the noise look smaller.
        """
        known = list({row[:2]: row for row in self._rows if row[2] >= 0}.values())
        stages = len(self._tasks.roots(0)[0].stages)
        numbers = stage_numbers([row[1].stages for row in known]).reshape(-1, stages, 4)
        return Experience(
            task=torch.tensor([row[0] for row in known], dtype=torch.int64),
            stages=numbers,
            ratio=torch.tensor([row[2] for row in known], dtype=torch.float64),
            reward=torch.tensor([row[3] for row in known], dtype=torch.float64),
            severity=torch.tensor(self._severity, dtype=torch.float64),
        )

    def state(self) -> dict[str, Tensor]:
        """Everything that decides what comes next, as named tensors; the actor's state is part of it."""
        stages = len(self._tasks.roots(0)[0].stages)
        pulls = self._pulls
        return {
            **self._actor.state(),
            "meta.generator": self._generator.get_state(),
            "meta.clock": torch.tensor([self._done, self._task], dtype=torch.int64),
            "meta.baselines": torch.stack([baseline.state() for baseline in self._baselines]),
            "meta.buffer_roots": torch.tensor([root for root, _ in self._buffer], dtype=torch.int64),
            "meta.buffer": stage_numbers([spec.stages for _, spec in self._buffer]).reshape(-1, stages, 4),
            "meta.seen": stage_numbers([spec.stages for spec in self._seen]).reshape(-1, stages, 4),
            "meta.pull_states": _stack([pull.states for pull in pulls]),
            "meta.pull_patterns": _stack([pull.pattern for pull in pulls]),
            "meta.pull_actions": _stack([pull.action for pull in pulls]),
            "meta.pull_rewards": torch.tensor([pull.reward for pull in pulls], dtype=torch.float64),
            "meta.row_tasks": torch.tensor([row[0] for row in self._rows], dtype=torch.int64),
            "meta.rows": stage_numbers([row[1].stages for row in self._rows]).reshape(-1, stages, 4),
            "meta.row_values": torch.tensor([row[2:] for row in self._rows], dtype=torch.float64).reshape(-1, 2),
            "meta.severity": torch.tensor(self._severity, dtype=torch.float64),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave; settings, tasks and seed must be those of then.

        Raises:
            InvalidInput: the tensors of the agent do not fit.
        """
        self._actor.restore(state)
        self._generator.set_state(state["meta.generator"])
        self._done, self._task = state["meta.clock"].tolist()
        for baseline, kept in zip(self._baselines, state["meta.baselines"], strict=True):
            baseline.restore(kept)
        roots = state["meta.buffer_roots"].tolist()
        self._buffer = [
            (root, self._spec(self._task, stages, root))
            for root, stages in zip(roots, state["meta.buffer"], strict=True)
        ]
        self._seen = [self._spec(self._task, stages) for stages in state["meta.seen"]]
        columns = ("states", "patterns", "actions")
        parts = (state[f"meta.pull_{name}"].clone() for name in columns)
        self._pulls = [_Pull(*row) for row in zip(*parts, state["meta.pull_rewards"].tolist(), strict=True)]
        rows = zip(state["meta.row_tasks"].tolist(), state["meta.rows"], state["meta.row_values"].tolist(), strict=True)
        self._rows = [(task, self._spec(task, stages), ratio, value) for task, stages, (ratio, value) in rows]
        self._severity = state["meta.severity"].tolist()

    def _begin(self) -> None:
        """A new iteration: another task, and the buffers as they were at first."""
        self._task = int(torch.randint(len(self._tasks.names), (1,), generator=self._generator))
        self._buffer = list(enumerate(self._tasks.roots(self._task)))
        self._seen = []

    def _teacher(self) -> tuple[int, ResidualSpec]:
        """The teacher of this step, and the number of the root that it descends from."""
        if not self._settings.students_enter:
            return self._buffer[0]
        return self._buffer[int(torch.randint(len(self._buffer), (1,), generator=self._generator))]

    def _problem(self, root: int, teacher: ResidualSpec) -> SearchProblem:
        roots = self._tasks.roots(self._task)
        share = self._tasks.budget(self._task) / cost(roots[0]).macs
        return self._tasks.problem(self._task, teacher, max(1, round(share * cost(roots[root]).macs)))

    def _draw(self, problem: SearchProblem, teacher: ResidualSpec) -> tuple[_Pull, Drawn]:
        facts = problem.teacher
        states = self._actor.states(task_features(teacher, facts.lips, facts.macs, problem.budget))
        pattern = teacher_pattern(teacher)
        space = self._tasks.space(self._task, teacher)
        chosen = Filter(space, problem.budget, self._settings.agent, self._seen).choose(
            self._actor.distribution(states, pattern), self._generator
        )
        return _Pull(states, pattern, chosen.action, 0.0), chosen

    def _reward(self, outcome: Outcome, problem: SearchProblem) -> float:
        epsilon = annealing(self._actor.iteration, self._settings.agent.annealing)
        if epsilon == 0 or outcome.macs <= problem.budget:
            return outcome.reward
        achieved = (outcome.accuracy, outcome.parameters, outcome.macs)
        return reward(*achieved, problem, self._settings.reward, epsilon, outcome.margin)

    def _note(self, root: int, spec: ResidualSpec, outcome: Outcome) -> None:
        self._seen.append(spec)
        if self._settings.students_enter:
            self._buffer.append((root, spec))
        own = self._tasks.roots(self._task)[0]
        problem = self._tasks.problem(self._task, own, self._tasks.budget(self._task))
        self._severity[self._task] = 1 - problem.teacher.accuracy
        ratio = accuracy_ratio(outcome.accuracy, problem) if outcome.status == "trained" else -1.0
        achieved = (outcome.accuracy, outcome.parameters, outcome.macs)
        value = reward(*achieved, problem, self._settings.reward, margin=outcome.margin)
        self._rows.append((self._task, spec, ratio, value))

    def _learn(self) -> None:
        pulls, self._pulls = self._pulls, []
        distribution = self._actor.distribution(
            torch.stack([pull.states for pull in pulls]), torch.stack([pull.pattern for pull in pulls])
        )
        rewards = torch.tensor([pull.reward for pull in pulls])
        advantages = self._baselines[self._task].advantages(rewards)
        self._actor.learn(distribution, torch.stack([pull.action for pull in pulls]), advantages)

    def _spec(self, task: int, stages: Tensor, root: int = 0) -> ResidualSpec:
        return replace(self._tasks.roots(task)[root], stages=stages_of(stages))


def _stack(rows: list[Tensor]) -> Tensor:
    return torch.stack(rows) if rows else torch.zeros(0)
