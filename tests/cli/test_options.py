from pathlib import Path

import click
import pytest
from rcnas_zoo_cli.main import COMMANDS, main
from rcnas_zoo_cli.options import flat, given, machine_of, one_threat
from rcnas_zoo_cli.types import Parsed

from rcnas_zoo.spec.threat import ThreatModel

SMALL, LARGE = ThreatModel.parse("1/255"), ThreatModel.parse("8/255")
REQUIRED = {
    "show": ["robust-2m"],
    "pull": ["robust-2m"],
    "verify": ["robust-2m"],
    "evaluate": ["robust-2m"],
    "compare": ["robust-2m", "./mine"],
    "corruptions": ["robust-2m", "./digits-c"],
    "finetune": ["digits/pgd-20/wrn-16-2/2m"],
    "train": ["wrn-10-1", "--dataset", "digits"],
    "retrain": ["robust-2m"],
    "publish": ["./mine", "--name", "robust-mine"],
    "plan": ["digits/pgd-20/wrn-16-2/2m"],
    "reproduce": ["table-1"],
}


GROUP = click.Context(main, **main.context_settings)


def command(name):
    found = main.get_command(GROUP, name)
    assert found is not None
    return found


def understood(name, *words):
    """What is made of the words, without what means the default."""
    parameters = command(name).make_context(name, [*REQUIRED.get(name, []), *words], parent=GROUP).params
    return {name: value for name, value in parameters.items() if value not in (None, False, (), (None,))}


VALUED = [
    (name, parameter.opts[0])
    for name in COMMANDS
    for parameter in command(name).params
    if isinstance(parameter, click.Option) and not parameter.is_flag and not parameter.required
]


@pytest.mark.parametrize(("name", "option"), VALUED)
def test_an_option_with_an_empty_text_is_as_good_as_none(name, option):
    assert understood(name, option, "") == understood(name)


def test_every_parameter_that_takes_a_value_takes_an_empty_one():
    parameters = [parameter for name in COMMANDS for parameter in command(name).params]
    assert all(isinstance(parameter.type, Parsed) or parameter.is_flag for parameter in parameters)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_speaks_json_and_debugs(name):
    options = {option for parameter in command(name).params for option in parameter.opts}
    assert {"--json", "--debug"} <= options


@pytest.mark.parametrize("name", ["compare", "evaluate", "finetune", "reproduce", "retrain", "train"])
def test_what_takes_long_has_the_common_options(name):
    words = ["--device", "cpu", "--workers", "3", "--data-root", "data", "--download", "--quiet", "-v"]
    common = {"device": "cpu", "workers": 3, "data_root": Path("data"), "download": True, "quiet": True}
    assert understood(name, *words) == understood(name) | common | {"verbose": True}


def test_the_common_options_describe_a_machine():
    machine = machine_of("cpu", 3, Path("data"), True)
    assert (machine.device, machine.workers, machine.data_root, machine.download) == ("cpu", 3, Path("data"), True)
    machine = machine_of(None)
    assert (machine.device, machine.workers, machine.data_root, machine.download) == ("auto", 0, None, False)


@pytest.mark.parametrize(
    ("threat", "eps", "expected"),
    [(None, None, None), (SMALL, None, SMALL), (None, SMALL, SMALL), (SMALL, SMALL, SMALL)],
)
def test_threat_and_eps_are_two_ways_to_say_one_thing(threat, eps, expected):
    assert one_threat(threat, eps) == expected


def test_threat_and_eps_must_not_contradict():
    with pytest.raises(click.UsageError, match="must not contradict each other, got linf@1/255 and linf@8/255"):
        one_threat(SMALL, LARGE)


@pytest.mark.parametrize("name", ["compare", "evaluate", "retrain", "train"])
def test_attacks_are_repeated_or_joined(name):
    attacks = understood(name, "--attack", "pgd-20,fgsm", "--attack", "", "--attack", "cw-5")["attacks"]
    assert flat(attacks) == ("pgd-20", "fgsm", "cw-5")
    assert flat(()) is flat((None,)) is None


def test_what_is_given_may_be_zero_or_false():
    assert given(a=0, b=False, c=None, d="", e=()) == {"a": 0, "b": False, "d": "", "e": ()}
