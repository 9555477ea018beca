import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.teacher import TeacherName

from .refusals import checked
from .strategies import TASKS


def test_a_task_is_read_in_its_four_parts():
    assert Task.parse(" cifar10/autoattack/wrn-28-10/5g ") == Task(
        "cifar10", AttackName("autoattack"), TeacherName(28, 10), Budget(5 * 10**9)
    )


def test_a_task_is_split_from_the_right_so_that_a_path_may_hold_slashes():
    task = Task.parse("npz:/a/b.npz/pgd-20/wrn-16-2/2m")
    assert task.dataset == "npz:/a/b.npz"
    assert str(task.attack) == "pgd-20"


@given(TASKS)
def test_a_task_written_out_reads_back_equal(task):
    assert Task.parse(str(task)) == task


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("digits", "a task must be dataset/attack/teacher/budget, such as .*, got 'digits'"),
        ("digits/pgd-20/wrn-16-2", "a task must be dataset/attack/teacher/budget"),
        ("digits//wrn-16-2/2m", "a task must be dataset/attack/teacher/budget"),
        ("/pgd-20/wrn-16-2/2m", "a task must be dataset/attack/teacher/budget"),
        ("digits/pgd-20/wrn-16-2/2m/", "a task must be dataset/attack/teacher/budget"),
        ("", "a task must be dataset/attack/teacher/budget"),
        ("digits/extra/pgd-20/wrn-16-2/2m", "a data set must be one of .*, got 'digits/extra'"),
        ("digit/pgd-20/wrn-16-2/2m", "a data set must be one of .*, got 'digit' .did you mean 'digits'"),
        ("digits/pdg-20/wrn-16-2/2m", "an attack must be one of .*, got 'pdg-20' .did you mean 'pgd-20'"),
        ("digits/pgd-20/resnet18/2m", "a teacher must be wrn-D-K, such as wrn-28-10, got 'resnet18'"),
        ("digits/pgd-20/wrn-16-2/2", "a budget must be a number of MACs with a unit, .*, got '2'"),
    ],
)
def test_a_malformed_task_is_refused_for_the_part_that_is_wrong(text, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        Task.parse(text)
    checked(caught.value)


@given(st.text() | st.lists(st.text(max_size=8), min_size=4, max_size=6).map("/".join))
def test_any_text_is_a_task_or_is_refused(text):
    try:
        assert isinstance(Task.parse(text), Task)
    except InvalidInput as error:
        checked(error)
