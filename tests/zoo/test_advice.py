import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.zoo.advice import how_to_get


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("robust-5g", "cifar10/autoattack/wrn-28-10/5g"),
        ("robust-10g", "cifar10/autoattack/wrn-34-12/10g"),
        ("robust-20g", "cifar10/autoattack/wrn-46-14/20g"),
        ("robust-40g", "cifar10/autoattack/wrn-70-16/40g"),
        ("robust-2m", "digits/pgd-20/wrn-16-2/2m"),
        ("robust-800m", "cifar10/autoattack/wrn-28-10/800m"),
    ],
)
def test_a_budget_is_searched_with_a_teacher_of_its_size(name, task):
    assert how_to_get(name, in_catalogue=False) == f"train it: rcnas-zoo finetune {task}"


@pytest.mark.parametrize("budget", ["500k", "2m", "9m", "11m", "800m", "5g", "7g", "10g", "20g", "40g"])
def test_the_task_that_is_advised_is_one_that_a_search_takes(budget):
    task = Task.parse(how_to_get(f"robust-{budget}", in_catalogue=False).rpartition(" ")[2])
    facts = DATASETS[task.dataset]
    teacher = teacher_spec(task.teacher, InputSpec(facts.shape), facts.classes)
    assert str(task.budget) == budget
    assert task.budget.macs <= 2 * cost(teacher).macs


def test_a_shipped_architecture_can_be_pulled_alone():
    assert how_to_get("robust-5g", in_catalogue=True).endswith(
        ", or pull the architecture alone: rcnas-zoo pull robust-5g --architecture"
    )
    assert how_to_get("wrn-28-10", in_catalogue=True) == (
        "train it: rcnas-zoo train wrn-28-10 --dataset cifar10 --to wrn-28-10, "
        "or pull the architecture alone: rcnas-zoo pull wrn-28-10 --architecture"
    )


@pytest.mark.parametrize("name", ["nothing", "robust-", "robust-big", "robust-5"])
def test_another_name_is_to_be_looked_up(name):
    assert how_to_get(name, in_catalogue=False) == "see what there is: rcnas-zoo list"
