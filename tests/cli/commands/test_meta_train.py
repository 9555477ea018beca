from pathlib import Path

import pytest

from rcnas_zoo.workflows.meta_settings import MetaTrainSettings, meta_settings
from rcnas_zoo.workflows.task_files import read_tasks

from ..answers import document, refusal

TASK = "digits/fgsm/wrn-10-1/500k"


@pytest.fixture
def asked(run, here, monkeypatch):
    """What the workflow is asked for by a command line."""

    def ask(*words):
        seen = {}

        def meta_train(tasks, settings, machine, observer, command):
            seen.update(tasks=tasks, settings=settings, machine=machine, command=command)
            raise KeyboardInterrupt

        monkeypatch.setattr("rcnas_zoo.workflows.meta_train.meta_train", meta_train)
        assert run("meta-train", *words).exit_code == 1
        return seen

    return ask


def test_no_option_at_all_takes_the_defaults(asked):
    seen = asked()
    assert (seen["tasks"], seen["settings"]) == (read_tasks(), MetaTrainSettings())
    assert seen["command"] == "rcnas-zoo meta-train"


def test_every_option_reaches_the_training(asked, here):
    (here / "tasks.txt").write_text(TASK)
    line = (
        "--tasks tasks.txt --iterations 3 --steps 2 --seed 7 --students on --search-epochs 4 --search-train-size 64 "
        "--precision bfloat16 --lips off --cost off --cost-filter off --annealing on --baseline ema "
        "--entropy 0 --c-metric macs --reward-form accuracy --tie-break off --device cpu --data-root data --download"
    )
    seen = asked(*line.split())
    assert [str(task) for task in seen["tasks"]] == [f"{TASK} linf@1/5"]
    assert seen["settings"] == meta_settings(
        {"steps": 2, "lips": False, "cost": False, "cost_filter": False, "baseline": "ema", "entropy": 0.0},
        True,
        {"c_metric": "macs", "form": "accuracy", "tie_break": False},
        iterations=3,
        seed=7,
        students_enter=True,
        search_epochs=4,
        search_train_size=64,
        precision="bfloat16",
    )
    machine = seen["machine"]
    assert (machine.device, machine.data_root, machine.download) == ("cpu", Path("data"), True)


@pytest.mark.parametrize(
    ("words", "content", "code", "message"),
    [
        (["--tasks", "nowhere"], None, 3, "a tasks file must exist, got 'nowhere'"),
        (["--tasks", "tasks.txt"], "digits", 2, "the tasks file tasks.txt, line 1: a task must be"),
        (["--tasks", "tasks.txt"], "digits/fgsm/wrn-10-1/1g", 2, "the task digits/fgsm/wrn-10-1/1g linf@1/5: a budget"),
        (["--tasks", "tasks.txt"], "cifar10/fgsm/wrn-10-1/5m", 3, "the task cifar10/fgsm/wrn-10-1/5m linf@8/255: "),
        (["--steps", "1"], None, 2, "leave-one-out must have at least 2 steps"),
        (["--baseline", "x"], None, 2, "the baseline must be one of ema, leave-one-out, none"),
        (["--iterations", "0"], None, 2, "a whole number of at least 1"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words, content, code, message, run, here):
    if content is not None:
        (here / "tasks.txt").write_text(content)
    answer = run("meta-train", *words, "--json")
    assert answer.exit_code == code
    assert message in refusal(answer)


def test_help_tells_of_the_file_and_of_resuming(run):
    text = run("meta-train", "--help").stdout
    assert "--tasks" in text
    assert "the same command goes on where it stopped" in " ".join(text.split())


def test_a_whole_run_is_told_as_one_document_and_its_policy_is_a_name(run, here):
    (here / "tasks.txt").write_text(TASK)
    line = "--tasks tasks.txt --iterations 1 --steps 2 --search-epochs 1 --search-train-size 32 --quiet --json"
    data = document(run("meta-train", *line.split()))
    assert (len(data["rewards"]), data["verified"], data["seen"]) == (2, True, [f"{TASK} linf@1/5"])
    assert document(run("show", "rcnas-policy", "--json"))["lineage"]["run_id"] == data["run_id"]
    (row,) = document(run("runs", "--json"))
    assert (row["workflow"], row["status"]) == ("meta-train", "FINISHED")
