"""What every command can be told. Nothing here imports torch, so that ``--help`` is quick."""

import json
from argparse import Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from benchmarks.gpu.sizes import parse_size
from rcnas_zoo.spec.errors import RcnasError

T = TypeVar("T")
NETWORKS = "rule@5g,robustresnet-a1,wrn-28-10"
OBJECTIVES = "trades,sat,fast"


class Parser(ArgumentParser):
    """Tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Ends with exit code 2."""
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def parser() -> ArgumentParser:
    """The command line."""
    found = Parser("python -m benchmarks.gpu", description=_DESCRIPTION, formatter_class=RawDescriptionHelpFormatter)
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, (text, add) in _COMMANDS.items():
        add(commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}."))
    return found


def _pack(command: ArgumentParser) -> None:
    command.add_argument("source", type=Path, help="Folder of strips, with labels.npz.")
    command.add_argument("--to", type=Path, required=True, help="Folder of the loads 1, 2, ...")
    command.add_argument("--load-size", type=told(parse_size), default="50MiB", help="Largest load; default 50MiB.")


def _unpack(command: ArgumentParser) -> None:
    command.add_argument("load", type=Path, help="A folder that pack made.")
    command.add_argument("--dataset", default="cifar10", help="What the data set is called; default cifar10.")
    command.add_argument("--data", type=Path, required=True, help="Folder of the data sets.")


def _throughput(command: ArgumentParser) -> None:
    command.add_argument("--networks", type=words, default=NETWORKS, help=f"Default {NETWORKS}.")
    command.add_argument("--objectives", type=words, default=OBJECTIVES, help=f"Default {OBJECTIVES}.")
    command.add_argument("--compile", type=words, default="off,on", help="In this order; default off,on.")
    command.add_argument("--seconds", type=positive, default=3.0, help="Of each case after its warm-up; default 3.")
    _recipe(command)
    _slice(command, 2.0)
    command.add_argument("--out", type=Path, required=True, help="Folder of the results, gpu.json.")


def _plan(command: ArgumentParser) -> None:
    command.add_argument("--rates", type=Path, required=True, help="gpu.json of throughput.")
    command.add_argument("--total-minutes", type=positive, required=True, help="Of the training.")
    command.add_argument("--slice-minutes", type=positive, default=8.5, help="Of a slice; default 8.5.")
    command.add_argument("--images", type=count, default=48_640, help="Of an epoch; default 48640.")
    command.add_argument("--load-seconds", type=positive, default=20.0, help="Before a warm-up; default 20.")
    _spare(command)


def _pilot(command: ArgumentParser) -> None:
    command.add_argument("--network", required=True, help="A name, rule@5g or a spec.json.")
    command.add_argument("--objectives", type=words, default=OBJECTIVES, help=f"Default {OBJECTIVES}.")
    command.add_argument("--seconds", type=positive, default=60.0, help="Of training for each; default 60.")
    command.add_argument("--samples", type=count, default=512, help="Evaluation images watched; default 512.")
    command.add_argument("--compile", choices=("on", "off"), default="off", help="Default off: a minute is short.")
    command.add_argument("--seed", type=int, default=0, help="Default 0.")
    _data(command)
    _recipe(command)
    _slice(command, 8.5)
    command.add_argument("--out", type=Path, required=True, help="Folder of what comes back, pilot.json.")


def _train(command: ArgumentParser) -> None:
    command.add_argument("--network", required=True, help="A name, rule@5g or a spec.json.")
    command.add_argument("--objective", default="trades", help="trades (default), sat or fast.")
    command.add_argument("--total-minutes", type=positive, help="Of all slices; plans the epochs.")
    command.add_argument("--epochs", type=count, help="In place of a plan.")
    command.add_argument("--images-per-second", type=positive, help="For the plan; default measured first.")
    command.add_argument("--start-seconds", type=positive, help="Of a slice, with --images-per-second.")
    command.add_argument("--compile", choices=("on", "off"), help="Default on with a graphics card.")
    command.add_argument("--seed", type=int, default=0, help="Default 0.")
    command.add_argument("--part-size", type=told(parse_size), default="16MiB", help="Largest part; default 16MiB.")
    command.add_argument("--keep-seconds", type=positive, default=90.0, help="Between checkpoints; default 90.")
    _spare(command)
    _data(command)
    _recipe(command)
    _slice(command, 8.5)
    _state(command)
    _parts(command)


def _evaluate(command: ArgumentParser) -> None:
    command.add_argument("--attacks", type=words, default="pgd-20,autoattack", help="Default pgd-20,autoattack.")
    command.add_argument("--samples", type=count, default=1000, help="Test images; default 1000.")
    command.add_argument("--batch-size", type=count, default=256, help="Images at a time; default 256.")
    command.add_argument("--data", type=Path, help="Folder of the data sets.")
    command.add_argument("--device", default="auto", help="auto (default), cpu or cuda[:n].")
    _slice(command, 8.5)
    _state(command)
    _parts(command)


def _collect(command: ArgumentParser) -> None:
    _state(command)
    _parts(command)


def _join(command: ArgumentParser) -> None:
    command.add_argument("parts_folder", type=Path, metavar="FOLDER", help="Where manifest and parts lie.")
    command.add_argument("--to", type=Path, required=True, help="The safetensors file to make.")


def _entry(command: ArgumentParser) -> None:
    command.add_argument("parts_folder", type=Path, metavar="FOLDER", help="Where manifest, parts and reports lie.")
    command.add_argument("--to", type=Path, required=True, help="The entry folder to make; its name is the entry's.")
    command.add_argument("--licence", default="MIT", help="Of the weights; default MIT.")
    text = "How weights are stored; default float16, in which they were measured."
    command.add_argument("--weights-dtype", choices=("float16", "float32"), default="float16", help=text)
    command.add_argument("--weights-url", default="", help="Where pull finds weights that an installation lacks.")
    command.add_argument("--replace", action="store_true", help="Replace the entry that is in the folder.")


def _data(command: ArgumentParser) -> None:
    command.add_argument("--dataset", default="cifar10", help="Default cifar10.")
    command.add_argument("--data", type=Path, help="Folder of the data sets.")


def _recipe(command: ArgumentParser) -> None:
    command.add_argument("--set", type=change, action="append", default=[], help="Field of the recipe; repeatable.")
    command.add_argument("--device", default="auto", help="auto (default), cpu or cuda[:n].")


def _slice(command: ArgumentParser, minutes: float) -> None:
    text = f"After which the command ends itself; default {minutes}."
    command.add_argument("--slice-minutes", type=positive, default=minutes, help=text)


def _state(command: ArgumentParser) -> None:
    command.add_argument("--state", type=Path, required=True, help="Folder of the training, for all its slices.")
    command.add_argument("--out", type=Path, required=True, help="Folder of what comes back.")


def _parts(command: ArgumentParser) -> None:
    command.add_argument("--parts", type=numbers, default=(), help="Such as 1-3: the parts to copy; default all.")


def _spare(command: ArgumentParser) -> Action:
    return command.add_argument("--spare", type=float, default=0.1, help="Share of the time kept free; default 0.1.")


def told(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The same, whose own errors argparse passes on."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except RcnasError as error:
            raise ArgumentTypeError(str(error)) from error

    return parsed


def words(text: str) -> tuple[str, ...]:
    """Comma-separated words."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def count(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"must be a whole number from 1, got {text!r}")
    return int(text)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return number


def numbers(text: str) -> tuple[int, ...]:
    """``1-3`` or ``1,4``, as numbers."""
    ends = [part.split("-") for part in text.split(",")]
    if not all(len(pair) <= 2 and all(end.isdecimal() for end in pair) for pair in ends):
        raise ArgumentTypeError(f"must be parts such as 1-3 or 1,4, got {text!r}")
    return tuple(number for pair in ends for number in range(int(pair[0]), int(pair[-1]) + 1))


def change(text: str) -> tuple[str, Any]:
    """``NAME=VALUE``; the value is JSON, or else a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"must be NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


_COMMANDS: dict[str, tuple[str, Callable[[ArgumentParser], None]]] = {
    "pack": ("cut a data set of picture strips into loads that can travel one by one", _pack),
    "unpack": ("take a load in, and say what is still missing", _unpack),
    "throughput": ("measure images a second of objectives and networks", _throughput),
    "plan": ("tell which objective and how many epochs fit into a time", _plan),
    "pilot": ("train a minute with each objective and attack the results", _pilot),
    "train": ("train for a slice; the same command again goes on", _train),
    "evaluate": ("measure the trained network for a slice; the same command again goes on", _evaluate),
    "collect": ("copy what is done, or some of its parts, to where it comes back from", _collect),
    "join": ("check and join parts to one file of float32 weights", _join),
    "entry": ("make a zoo entry of what came back", _entry),
}
_DESCRIPTION = """A network trained and measured in short slices on a machine that is rented; see docs/robust-5g.md.

A slice that is over exits with 75: there is more to do, give the same command again."""
