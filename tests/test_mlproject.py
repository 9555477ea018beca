"""Every entry point of MLproject is one `rcnas-zoo` command line that the command line understands."""

import re
import shlex

import click
import pytest
import yaml
from rcnas_zoo_cli.main import main

from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

from .floors import ROOT

ENTRY_POINTS = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]
GIVEN = {"task": "digits/pgd-20/wrn-16-2/2m", "model": "wrn-28-10"}


def default(parameter):
    return parameter["default"] if isinstance(parameter, dict) and "default" in parameter else None


def command_line(name, **values):
    """The words of an entry point's command after MLflow has put in the values, quoted as it does."""
    parameters = ENTRY_POINTS[name]["parameters"]
    filled = {key: values.get(key, default(parameter)) for key, parameter in parameters.items()}
    quoted = {key: shlex.quote(value) for key, value in filled.items()}
    return shlex.split(ENTRY_POINTS[name]["command"].format(**quoted))


def understood(words):
    """What the command line makes of the words: the options that do not mean their default."""
    program, subcommand, *rest = words
    assert program == "rcnas-zoo"
    group = click.Context(main, **main.context_settings)
    command = main.get_command(group, subcommand)
    assert command is not None, subcommand
    parameters = command.make_context(subcommand, rest, parent=group).params
    return {name: value for name, value in parameters.items() if value not in (None, False, (), (None,))}


def required(name):
    return {key: GIVEN[key] for key, value in ENTRY_POINTS[name]["parameters"].items() if default(value) is None}


def test_the_demo_a_search_the_agents_training_an_evaluation_and_a_benchmark_are_entry_points():
    assert {"main", "finetune", "meta_train", "evaluate", "benchmark"} <= set(ENTRY_POINTS)


def test_the_demo_is_of_a_fresh_agent_whatever_policy_is_shipped(monkeypatch):
    monkeypatch.delenv("RCNAS_DATA")
    assert understood(command_line("main"))["policy"] == "none"


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_parameter_is_used_and_every_use_is_a_parameter(name):
    used = re.findall(r"\{(\w+)\}", ENTRY_POINTS[name]["command"])
    assert sorted(used) == sorted(ENTRY_POINTS[name]["parameters"])


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_a_parameter_that_is_not_given_is_as_if_its_option_were_not_there(name, monkeypatch):
    monkeypatch.delenv("RCNAS_DATA")
    words = command_line(name, **required(name))
    followers = [*words[1:], "end"]
    without = [word for word, follower in zip(words, followers, strict=True) if word and follower]
    assert understood(words) == understood(without)


def test_a_benchmark_gets_what_is_given():
    given = {"queries": "10", "seeds": "0-2", "policy": "./mine", "answers": "fitted"}
    words = command_line("benchmark", methods="rc-nas,random", **given)
    assert understood(words) == {
        "oracle": "digits",
        "methods": ("rc-nas", "random"),
        "queries": 10,
        "seeds": (0, 1, 2),
        "policy": "./mine",
        "answers": "fitted",
        "track": True,
    }


def test_a_benchmark_on_a_task_gets_attacks_and_radii():
    words = command_line("benchmark", oracle="", task=GIVEN["task"], attacks="a3,naa", radii="1/10,3/10")
    assert understood(words) == {
        "task": Task.parse(GIVEN["task"]),
        "attacks": ("a3", "naa"),
        "radii": ("1/10", "3/10"),
        "track": True,
    }


def test_a_parameter_that_is_given_reaches_its_option(monkeypatch):
    monkeypatch.delenv("RCNAS_DATA")
    words = command_line("finetune", **required("finetune"), threat="linf@1/10", seed="7", compare="teacher, random")
    assert understood(words) == {
        "task": Task.parse(GIVEN["task"]),
        "threat": ThreatModel.parse("1/10"),
        "seed": 7,
        "compare": ("teacher", "random"),
    }


def test_every_ablation_is_a_parameter(monkeypatch):
    monkeypatch.delenv("RCNAS_DATA")
    switches = {"lips": "off", "cost": "off", "annealing": "on", "cost_filter": "off", "tie_break": "off"}
    words = {"baseline": "none", "entropy": "0", "c_metric": "macs", "reward_form": "accuracy", "policy": "none"}
    line = command_line("finetune", **required("finetune"), **switches, **words, reward_images="transfer")
    found = [line[line.index(f"--{name.replace('_', '-')}") + 1] for name in (*switches, *words, "reward_images")]
    assert found == [*switches.values(), *words.values(), "transfer"]
    understood(line)
