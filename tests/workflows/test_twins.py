import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.paper.row import METHODS
from rcnas_zoo.pruning.recipes import PAPER as PAPER_RECIPES
from rcnas_zoo.pruning.target import target_of
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.workflows.scales import SCALES
from rcnas_zoo.workflows.settings import ANNEALING
from rcnas_zoo.workflows.twins import WAYS, work_for
from rcnas_zoo.workflows.works import Pruning, Search, Training

TINY, PAPER = SCALES["tiny"], SCALES["paper"]
ENTRIES = [entry for name in table_names() for entry in load_table(name).entries]


def work(table, row, scale, dataset="cifar10"):
    return work_for(load_table(table).find(row), dataset, scale)


def test_every_method_of_the_tables_has_its_way():
    assert set(WAYS) == set(METHODS) == {entry.row.method for entry in ENTRIES}


def test_every_row_has_a_work_at_both_scales():
    for entry in ENTRIES:
        tiny, paper = (work_for(entry.row, entry.dataset, scale) for scale in (TINY, PAPER))
        assert type(tiny) is type(paper)
        assert "digits" in str(tiny)
        assert entry.dataset in str(paper)


@pytest.mark.parametrize(
    ("table", "row", "objective"),
    [("table-1", "wrn-28-10", "trades"), ("table-9", "mart-5g", "mart"), ("table-9", "sat-5g", "sat")],
)
def test_a_training_has_the_objective_of_its_row_and_the_network_of_the_paper(table, row, objective):
    large, tiny = work(table, row, PAPER, "cifar100"), work(table, row, TINY)
    assert isinstance(large, Training)
    assert isinstance(tiny, Training)
    assert large.spec == named_spec("wrn-28-10", InputSpec((3, 32, 32)), 100)
    assert tiny.spec == named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
    assert {large.recipe.objective, tiny.recipe.objective} == {objective}
    assert (large.dataset, large.recipe.threat, large.recipe.epochs, large.recipe.flip) == (
        *("cifar100", "linf@8/255", 100, True),
    )
    assert (tiny.dataset, tiny.recipe.threat, tiny.recipe.epochs, tiny.recipe.flip) == ("digits", "linf@1/5", 10, False)
    assert large.recipe.precision == "bfloat16"


def test_tiny_networks_are_of_their_rows_family():
    rule, narrow = work("table-1", "robustresnet-a2", TINY), work("table-1", "wrn-34-r", TINY)
    assert {stage.block for stage in rule.spec.stages} == {"robust"}
    assert cost(rule.spec).macs <= Budget.parse(TINY.groups["10g"].budget).macs
    paper = work("table-1", "wrn-34-r", PAPER).spec
    for spec in (narrow.spec, paper):
        first, second, last = (stage.width for stage in spec.stages)
        assert (second / first, last / second) == pytest.approx((2, 0.8), rel=0.05)
        assert len({stage.depth for stage in spec.stages}) == 1


@pytest.mark.parametrize("row", ["hydra-5g", "harp-5g"])
def test_a_pruning_keeps_of_its_teacher_what_the_search_keeps(row):
    large, tiny = work("table-9", row, PAPER, "cifar100"), work("table-9", row, TINY)
    assert isinstance(large, Pruning)
    assert isinstance(tiny, Pruning)
    assert (large.base, tiny.base.spec) == (
        work("table-9", "trades-5g", PAPER, "cifar100"),
        work("table-9", "trades-5g", TINY).spec,
    )
    assert large.recipe.keep == tiny.recipe.keep == 18.8 / 36.5
    authors = PAPER_RECIPES[row.partition("-")[0]]
    stages = [(stage.epochs, stage.learning_rate) for stage in (large.recipe.pretrain, large.recipe.prune)]
    assert (*stages, large.recipe.finetune) == ((100, 0.1), (20, 0.1), authors.finetune)
    assert (large.recipe.epochs, large.recipe.penalty) == (220, authors.penalty)
    assert (large.recipe.training, tiny.recipe.training) == (large.base.recipe, tiny.base.recipe)
    assert [tiny.recipe.stage(name).epochs for name in tiny.recipe.stages] == [10, 4, 10]


def test_a_pruned_network_has_the_size_of_the_searched_one_and_is_within_the_budget():
    """Where the table prints no size, that of the tables that do: 72.5 M in Table 5 for 20 G on Tiny-ImageNet."""
    made = work("table-6", "hydra-20g", PAPER, "tiny-imagenet")
    target = target_of(made.base.spec, made.recipe)
    price = cost(target.pruned(target.uniform()))
    assert price.parameters == pytest.approx(72.5e6, rel=0.01)
    assert price.macs < Budget.parse("20g").macs


def test_a_search_is_for_the_rows_budget_and_goes_without_what_its_row_goes_without():
    full = work("table-10", "rc-nas", PAPER, "cifar100")
    assert isinstance(full, Search)
    assert str(full.task) == "cifar100/autoattack/wrn-34-12/10g"
    assert (full.settings.iterations, full.settings.policy) == (10, "")
    changes = {row: work("table-10", row, TINY).settings for row in ("rc-nas-without-lips", "rc-nas-without-cost")}
    assert changes["rc-nas-without-lips"].agent_changes == {"annealing": ANNEALING, "lips": False}
    assert changes["rc-nas-without-cost"].agent_changes == {"annealing": ANNEALING, "cost": False}
    assert {settings.policy for settings in changes.values()} == {"none"}
    assert work("table-10", "rc-nas-without-annealing", TINY).settings.agent_changes == {"annealing": 0}
    fresh = work("table-9", "r-nas-10g", TINY)
    assert (str(fresh.task), fresh.settings.policy) == ("digits/pgd-20/wrn-16-1/1600k", "none")


def test_rows_that_are_the_same_have_the_same_work():
    for scale in SCALES.values():
        rows = [("table-1", "rc-nas-10g"), ("table-9", "rc-nas-10g"), ("table-10", "rc-nas"), ("table-4", "rc-nas-10g")]
        works = [work(*row, scale) for row in rows]
        assert all(each == works[0] for each in works)
    assert work("table-1", "wrn-28-10", TINY) != work("table-1", "wrn-34-12", TINY)
