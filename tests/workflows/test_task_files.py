from pathlib import Path

import pytest

from rcnas_zoo.spec.errors import InvalidInput, NotFound, Unavailable
from rcnas_zoo.workflows.meta_settings import MetaTrainSettings
from rcnas_zoo.workflows.meta_train import plan_meta
from rcnas_zoo.workflows.task_files import read_tasks


def test_the_tasks_of_a_file_are_read(tmp_path):
    (tmp_path / "tasks.txt").write_text(
        "# mine\ndigits/pgd-2/wrn-10-1/500k\n\ndigits/fgsm/wrn-10-1/1m linf@1/10 # easy\n"
    )
    assert [str(task) for task in read_tasks(tmp_path / "tasks.txt")] == [
        "digits/pgd-2/wrn-10-1/500k linf@1/5",
        "digits/fgsm/wrn-10-1/1m linf@1/10",
    ]


def test_the_default_tasks_are_many_and_fit_data_that_are_always_there(machine):
    tasks = read_tasks()
    assert len(set(tasks)) == len(tasks) == 12
    assert {task.task.dataset for task in tasks} == {"digits"}
    for facet in ("attack", "teacher", "budget"):
        assert len({str(getattr(task.task, facet)) for task in tasks}) >= 3
    plan = plan_meta(tasks, MetaTrainSettings(), machine)
    assert [job.note for job in plan.jobs] == [""] * 12


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"digits/pgd-2/wrn-10-1/500k\nhello\n", r"the tasks file .*tasks\.txt, line 2: a task must be .*got 'hello'"),
        (b"# nothing\n", "a tasks file must hold at least one task"),
        (b"\xff\xfe", "must be UTF-8 text"),
    ],
)
def test_a_file_that_says_something_else_is_refused(content, message, tmp_path):
    (tmp_path / "tasks.txt").write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        read_tasks(tmp_path / "tasks.txt")


def test_a_file_that_is_not_there_or_cannot_be_read(tmp_path):
    with pytest.raises(NotFound, match="a tasks file must exist, got"):
        read_tasks(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="must be a file with a task a line, got the folder"):
        read_tasks(tmp_path)
    with pytest.raises(Unavailable, match="must be readable"):
        read_tasks(Path("/proc/self/mem"))
