import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.posed import PosedTask, parse_tasks

DATASETS = st.sampled_from(["digits", "cifar10", "npz:/data/mine.npz", "npz:/my data/#1 of me@home.npz", "folder:/a b"])
ATTACKS = st.sampled_from(["clean", "fgsm", "pgd-20", "cw-40", "autoattack"])
TEACHERS = st.sampled_from(["wrn-10-1", "wrn-16-2", "wrn-28-10"])
BUDGETS = st.sampled_from(["500k", "2m", "5g"])
THREATS = st.sampled_from(["linf@1/5", "linf@8/255", "l2@1/2"])
TASKS = st.builds(lambda *parts: "/".join(parts), DATASETS, ATTACKS, TEACHERS, BUDGETS)
SPACES = st.text(" \t", max_size=3)


@given(TASKS, THREATS)
def test_a_task_under_a_threat_is_what_is_written(task, threat):
    posed = PosedTask.parse(f"{task} {threat}")
    assert (str(posed.task), str(posed.threat)) == (task, threat)
    assert PosedTask.parse(str(posed)) == posed


@pytest.mark.parametrize(
    ("task", "threat"), [("digits/pgd-20/wrn-16-2/2m", "linf@1/5"), ("npz:x/fgsm/wrn-10-1/1m", "linf@8/255")]
)
def test_the_threat_that_is_not_said_is_the_data_sets(task, threat):
    assert str(PosedTask.parse(task)) == f"{task} {threat}"


@given(
    st.lists(
        st.tuples(SPACES, TASKS, THREATS, SPACES, st.sampled_from(["", " # easy", "\t#hard # twice"])),
        min_size=1,
        max_size=6,
    )
)
def test_a_file_of_tasks_is_read_line_by_line_whatever_stands_around_them(rows):
    lines = ["# a comment", "", "   "]
    for before, task, threat, after, comment in rows:
        lines += [f"{before}{task} {threat}{after}{comment}", " \t# another"]
    assert [str(posed) for posed in parse_tasks("\n".join(lines))] == [
        f"{task} {threat}" for _, task, threat, *_ in rows
    ]


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_tasks(text)
    except InvalidInput as error:
        message = str(error)
        assert message.startswith(("line ", "a tasks file must hold"))
    else:
        assert parse_tasks("\n".join(map(str, found))) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a tasks file must hold at least one task, .*got none"),
        ("# nothing\n\n", "at least one task"),
        ("digits/pgd-20/wrn-16-2/2m\n\nhello", "line 3: a task must be dataset/attack/teacher/budget"),
        ("digits/pgd-20/wrn-16-2/2m linf@9", "line 1: .*9"),
        ("digits/pgd-20/wrn-16-2/2m 8/255", "line 1: "),
        ("digits/pgd-20/wrn-16-2/2", "line 1: "),
        ("digit/pgd-20/wrn-16-2/2m", r"line 1: .*did you mean 'digits'\?"),
    ],
)
def test_a_line_that_is_no_task_is_named(text, message):
    with pytest.raises(InvalidInput, match=message):
        parse_tasks(text)
