"""Networks that are known before the search: those that won elsewhere, or those of a scaling rule."""

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Experience
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem

Listed = tuple[ResidualSpec, str]
SHRINKING = 0.8


class ListedSearcher:
    """Proposes the affordable ones of a list, each once and with its note; after the last of them random networks.

    Args:
        networks: networks of the space with notes, best first.
        feasible: the space and the budget.
        seed: seed of the random networks.
    """

    def __init__(self, networks: Iterable[Listed], feasible: Feasible, seed: int) -> None:
        self._networks = tuple(networks)
        self._feasible = feasible
        self._generator = torch.Generator().manual_seed(seed)
        self._ledger = Ledger()

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`."""
        return [self._propose() for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`; the list is as it is."""

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`; the list itself is not part of it."""
        return {"generator": self._generator.get_state(), "seen": self._ledger.state()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Searcher.restore`."""
        self._generator.set_state(state["generator"])
        self._ledger.restore(state["seen"])

    def _propose(self) -> Proposal:
        for spec, note in self._networks:
            if self._feasible.is_new(spec, self._ledger):
                return self._ledger.add(spec, note)
        return self._ledger.add(self._feasible.draw(self._generator, self._ledger))


def winners_in(space: ResidualSpace, experience: Experience) -> list[ResidualSpec]:
    """The best networks of the tasks of a meta-training, fitted into a space, those that won more tasks first.

    Raises:
        InvalidInput: the meta-training was for teachers with another number of stages.
    """
    return list(dict.fromkeys(space.fit(stages) for stages in experience.winners()))


def portfolio(problem: SearchProblem, given: Given) -> ListedSearcher:
    """The best networks of the meta-training's tasks, replayed in order: transfer without any learning.

    Raises:
        InvalidInput: no network of the space meets the budget, or no evaluations of a meta-training were given.
    """
    feasible = Feasible.within(given.space, problem.budget)
    networks = winners_in(given.space, given.require_experience("portfolio"))
    return ListedSearcher([(spec, "") for spec in networks], feasible, given.seed)


def scaling_rule(problem: SearchProblem, given: Given) -> ListedSearcher:
    """The networks of the RobustResNet rule (Huang et al., CVPR 2023), from the budget down.

    The first is what the rule says for the budget; each of the next may cost ``SHRINKING`` of the one before. All are
    fitted into the space, which may hold nothing as deep or as wide. Where none of them is affordable, the smallest
    network of the space stands in, with a note.

    Raises:
        InvalidInput: no network of the space meets the budget, or the teacher does not have the rule's three stages.
    """
    feasible = Feasible.within(given.space, problem.budget)
    networks = [listed for listed in _rule_networks(given.space, problem.budget) if listed[0] in feasible]
    if not networks:
        networks = [(feasible.smallest, "no RobustResNet meets the budget: the smallest network of the space")]
    return ListedSearcher(networks, feasible, given.seed)


def _rule_networks(space: ResidualSpace, budget: int) -> Iterator[Listed]:
    teacher = space.teacher
    while True:
        try:
            ruled = robustresnet_spec(budget, teacher.input, teacher.classes)
        except InvalidInput:
            return
        yield space.fit(ruled.stages), f"the RobustResNet rule for {format_macs(budget)} MACs"
        budget = int(SHRINKING * cost(ruled).macs)
