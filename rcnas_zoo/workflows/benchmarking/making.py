"""How the network of a row comes about, by family: searched, given, or pruned; and trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.pruning import PruningJob, prune_cached
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cell_scaling import cell_network_for
from rcnas_zoo.pruning.target import target_of
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.method import Searcher
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import WARM, NamedMethod
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.workflows.benchmarking.methods import PRUNING, REFERENCE, RULE, SEARCH
from rcnas_zoo.workflows.benchmarking.pruned import shared_out
from rcnas_zoo.workflows.benchmarking.timing import Timed
from rcnas_zoo.workflows.benchmarking.tuning import Tuner, Untuned, tuned
from rcnas_zoo.workflows.prepare import Prepared, rule_network
from rcnas_zoo.workflows.problem import make_problem
from rcnas_zoo.workflows.recipes import with_objective
from rcnas_zoo.workflows.rivals import unmeasured_problem

MOST_SEED = 1_000_000
"""Of the draws of a search, unless the benchmark's own seed is larger."""


@dataclass(frozen=True, eq=False)
class Made:
    """A trained network.

    Attributes:
        spec: what it is.
        weights: its state on the CPU.
        curve: metrics of each epoch.
        seconds: what its training took, and what a search before it did.
        search: of these, what the search took.
        evaluations: networks trained and attacked on the way.
        rewards: of the networks that a search visited.
    """

    spec: NetworkSpec
    weights: Mapping[str, Tensor]
    curve: tuple[dict[str, float], ...] = ()
    seconds: float = 0.0
    search: SearchCost = field(default_factory=SearchCost)
    evaluations: int = 1
    rewards: tuple[float, ...] = ()

    def model(self, device: str) -> nn.Module:
        """The network on a device, in eval mode."""
        model = build(self.spec)
        model.load_state_dict(dict(self.weights))
        return model.to(torch.device(device))


def make(method: str, prepared: Prepared, tuner: Tuner, observer: Observer) -> Made:
    """The network of a method, from the cache as far as it was made before.

    Args:
        method: one of `METHODS`.
        prepared: the task, its seed among it.
        tuner: where the method's hyper-parameters come from.
        observer: who watches.

    Raises:
        InvalidInput: the method cannot meet the budget, or must have a policy and has none.
        Diverged: a training gave no finite loss, be it the teacher's, a stage of a pruning or every one of a search.
    """
    return _family(method)(method, prepared, tuner, observer)


def check(method: str, prepared: Prepared) -> None:
    """Find out before anything is trained whether a method can be tried.

    Raises:
        InvalidInput: it cannot meet the budget, or must have a policy and has none.
    """
    if method in SEARCH:
        unmeasured_searcher(method, prepared)
    elif method in PRUNING:
        target_of(prepared.teacher.spec, shared_pruning(method, prepared))
    elif method not in REFERENCE:
        given_spec(method, prepared)


def unmeasured_searcher(method: str, prepared: Prepared) -> Searcher:
    """The searcher of a method before its teacher is known: enough to see whether it can search, and where it begins.

    Raises:
        InvalidInput: it cannot meet the budget, or must have a policy and has none.
    """
    problem = unmeasured_problem(prepared.posed, prepared.teacher.spec)
    return _search(method, prepared, Untuned()).searcher(problem)


Maker = Callable[[str, Prepared, Tuner, Observer], Made]


def _family(method: str) -> Maker:
    if method in SEARCH:
        return _searched
    if method in REFERENCE:
        return _reference
    return _pruned if method in PRUNING else _given


def _searched(method: str, prepared: Prepared, tuner: Tuner, observer: Observer) -> Made:
    """A whole search, then the training of its best network.

    The agent's own hyper-parameters are its learning rate and its entropy bonus. The other searches have none that
    their authors tune; what a study can try of them is another seed of their draws.
    """
    search = _search(method, prepared, tuner)
    problem = make_problem(prepared, observer)
    with Workers(1) as workers:
        evaluator = Timed(TrainingEvaluator(prepared.search, workers, search.reward))
        result, thinking = evaluator.search(search, problem, observer)
    if result.best is None:
        raise Diverged(f"at least one network of a search must train to a finite loss, all of {method} diverged")
    made = _trained(replace(prepared.final, spec=result.best.proposal.spec), tuner, observer, method)
    visiting = sum(visit.outcome.seconds for visit in result.visits)
    spent = SearchCost(len(result.visits), visiting, thinking)
    evaluations, rewards = made.evaluations + spent.visits, tuple(result.rewards)
    return replace(made, seconds=made.seconds + spent.seconds, search=spent, evaluations=evaluations, rewards=rewards)


def _search(method: str, prepared: Prepared, tuner: Tuner) -> NamedMethod:
    agent, settings = prepared.agent, prepared.settings
    knowledge = Knowledge(agent.policy, agent.settings) if method in WARM and agent.policy is not None else None
    options, seed = None, settings.seed
    if method in ("rc-nas", "r-nas"):
        default = agent.settings if method == "rc-nas" else RcnasSettings()
        rate = tuner.suggest_float("agent_rate", 1e-4, 3e-2, log=True, first=default.learning_rate)
        entropy = tuner.suggest_float("entropy", 1e-3, 1e-1, log=True, first=default.entropy)
        options = replace(default, learning_rate=rate, entropy=entropy)
    else:
        seed = tuner.suggest_int("search_seed", 0, max(MOST_SEED, settings.seed), first=settings.seed)
    return NamedMethod(method, settings.visits, 1, seed, settings.reward, knowledge, options)


def _reference(method: str, prepared: Prepared, tuner: Tuner, observer: Observer) -> Made:
    """The teacher's architecture under an objective; ``teacher`` is trained as every network that is kept."""
    return _trained(reference_training(method, prepared), tuner, observer, method)


def reference_training(method: str, prepared: Prepared) -> TrainingJob:
    """The training of one of `REFERENCE`, before its recipe is tuned."""
    recipe = prepared.final.recipe
    objective = recipe.objective if method == "teacher" else method
    return replace(prepared.final, spec=prepared.teacher.spec, recipe=with_objective(recipe, objective))


def _given(method: str, prepared: Prepared, tuner: Tuner, observer: Observer) -> Made:
    return _trained(replace(prepared.final, spec=given_spec(method, prepared)), tuner, observer, method)


def given_spec(method: str, prepared: Prepared) -> NetworkSpec:
    """The network of one of `ARCHITECTURE`. Raises InvalidInput if none meets the budget."""
    if method == RULE:
        return rule_network(prepared)
    spec = prepared.teacher.spec
    return cell_network_for(method, prepared.task.budget.macs, spec.input, spec.classes)


def shared_pruning(method: str, prepared: Prepared) -> PruningRecipe:
    """The pruning of one of `PRUNING`, before its recipe is tuned."""
    return shared_out(method, prepared.final.recipe, prepared.task.budget.macs)


def _pruned(method: str, prepared: Prepared, tuner: Tuner, observer: Observer) -> Made:
    training = replace(prepared.final, spec=prepared.teacher.spec)
    recipe = shared_out(method, tuned(training.recipe, tuner), prepared.task.budget.macs)
    found = prune_cached(PruningJob(training, recipe), observer, f"pruning by {method}")
    return Made(found.spec, found.weights, found.curve, found.seconds)


def _trained(training: TrainingJob, tuner: Tuner, observer: Observer, label: str) -> Made:
    job = replace(training, recipe=tuned(training.recipe, tuner), floors=tuple(tuner.floors.items()))
    result: TrainingResult = train_cached(job, observer, f"training {label}")
    for epoch in sorted(tuner.floors):
        if epoch <= len(result.curve):
            tuner.report(epoch, result.curve[epoch - 1]["robust_accuracy"])
    if result.diverged:
        raise Diverged("the training of the network must keep a finite loss, it diverged")
    return Made(job.spec, result.best, result.curve, result.seconds)
