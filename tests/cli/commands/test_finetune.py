from pathlib import Path

import pytest

from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.settings import FinetuneSettings, finetune_settings

TASK = "digits/pgd-20/wrn-16-2/2m"


@pytest.fixture
def asked(run, here, monkeypatch):
    """What the workflow is asked for by a command line."""

    def ask(*words):
        seen = {}

        def finetune(task, settings, machine, observer, command):
            seen.update(task=task, settings=settings, machine=machine, command=command)
            raise KeyboardInterrupt

        monkeypatch.setattr("rcnas_zoo.workflows.finetune.finetune", finetune)
        assert run("finetune", *words).exit_code == 1
        return seen

    return ask


def test_a_task_alone_takes_the_defaults(asked):
    seen = asked(TASK)
    assert seen["task"] == Task.parse(TASK)
    assert seen["settings"] == FinetuneSettings()
    assert seen["machine"].workers == 0


def test_every_option_reaches_the_search(asked):
    line = (
        f"{TASK} --threat linf@1/10 --teacher-weights ./mine --iterations 3 --steps 2 --seed 7 "
        "--compare teacher,random --search-epochs 4 --final-epochs 5 --subset-samples 6 --lips off --cost off "
        "--annealing on --cost-filter off --baseline leave-one-out --entropy 0.5 --c-metric macs "
        "--reward-form accuracy --tie-break off --device cpu --workers 3 --data-root data --download"
    )
    seen = asked(*line.split())
    assert seen["settings"] == finetune_settings(
        {
            "steps": 2,
            "lips": False,
            "cost": False,
            "cost_filter": False,
            "baseline": "leave-one-out",
            "entropy": 0.5,
        },
        annealing=True,
        reward={"c_metric": "macs", "form": "accuracy", "tie_break": False},
        threat=ThreatModel.parse("1/10"),
        teacher_weights="./mine",
        iterations=3,
        seed=7,
        compare=("teacher", "random"),
        search_epochs=4,
        final_epochs=5,
        subset_samples=6,
    )
    machine = seen["machine"]
    assert (machine.device, machine.workers, machine.data_root, machine.download) == ("cpu", 3, Path("data"), True)
    assert asked(TASK, "--policy", "./policy")["settings"].policy == "./policy"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--baseline", "mean", "the baseline must be one of ema, leave-one-out, none, got 'mean'"),
        ("--baseline", "leave-one-out", "the baseline leave-one-out must have at least 2 steps, got 1; take ema"),
        ("--entropy", "-1", "--entropy: a finite number of at least 0 must be given, got '-1'"),
        ("--entropy", "nan", "--entropy: a finite number of at least 0 must be given, got 'nan'"),
        ("--c-metric", "flops", "the metric of the compression C must be one of parameters, macs, got 'flops'"),
        ("--reward-form", "acc", "the form of the reward must be one of compression, accuracy, got 'acc'"),
        ("--tie-break", "yes", "--tie-break: a switch must be one of on, off, got 'yes'"),
    ],
)
def test_a_choice_that_there_is_not_is_refused_before_anything_is_done(option, value, message, run, here):
    answer = run("finetune", TASK, option, value)
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_the_run_keeps_the_command_that_resumes_it_as_a_shell_takes_it(asked):
    assert asked(TASK, "--seed", "7", "--compare", "")["command"] == f"rcnas-zoo finetune {TASK} --seed 7 --compare ''"
    assert asked("npz:/my data.npz/fgsm/wrn-10-1/1m")["command"] == (
        "rcnas-zoo finetune 'npz:/my data.npz/fgsm/wrn-10-1/1m'"
    )


def test_the_document_tells_what_was_found_and_registered(chain):
    found = chain["finetune"]
    assert (found["task"], found["seed"], found["threat"]) == ("digits/fgsm/wrn-10-1/500k", 0, "linf@1/5")
    assert found["registered"] == {"name": "robust-500k", "version": 1, "aliases": ["champion", "digits"]}
    assert found["verified"] is True
    assert [row["method"] for row in found["rows"]] == ["searched"]
    assert found["rows"][0]["macs"] <= 500_000
    assert (found["visited"], len(found["rewards"]), found["random"], found["infeasible"]) == (1, 1, None, {})
    assert found["run_id"] == chain["runs"][0]["id"]
    assert found["tracking_uri"] == f"sqlite:///{chain.folder}/mlflow.db"


def test_progress_goes_to_stderr(chain):
    said = chain.answers["finetune"].stderr
    assert "training the teacher: " in said
    assert "search: 1/1" in said
