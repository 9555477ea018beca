import os
import re
import subprocess

import click
import pytest
from rcnas_zoo_cli.main import COMMANDS, explain, main, one_line
from rcnas_zoo_cli.termination import Terminated

from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, RcnasError, Unavailable
from rcnas_zoo.version import VERSION
from rcnas_zoo.workflows import listings

from .answers import PROGRAM, loaded, refusal

SLACK = 2
"""A busy machine takes more time for the same work than a quiet one."""


def cpu_seconds(*words, cwd):
    """CPU time of a command, its own and the system's for it."""
    process = subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL, cwd=cwd)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS)])
def test_every_help_is_answered_without_the_heavy_packages(words, tmp_path):
    assert loaded(*words, "--help", cwd=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("words", "limit"), [(["--help"], 0.3), (["list"], 0.5)])
def test_help_and_list_come_at_once(words, limit, tmp_path):
    assert min(cpu_seconds(*words, cwd=tmp_path) for _ in range(3)) < SLACK * limit


@pytest.mark.parametrize("words", [["list"], ["show", "wrn-28-10"], ["pull", "wrn-28-10", "--architecture"]])
def test_the_catalogue_is_read_without_the_heavy_packages(words, tmp_path):
    assert loaded(*words, cwd=tmp_path) == []
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(run, name):
    for option in ("--help", "-h"):
        answer = run(name, option)
        assert (answer.exit_code, answer.stderr) == (0, "")
        assert answer.stdout.startswith(f"Usage: rcnas-zoo {name} [OPTIONS]")
        assert "--debug" in answer.stdout


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_the_overview_names_every_command_with_its_whole_line(run, words):
    answer = run(*words)
    assert answer.exit_code == 0
    assert [line.split()[0] for line in answer.stdout.partition("Commands:\n")[2].splitlines()] == list(COMMANDS)
    assert "..." not in answer.stdout.partition("Commands:\n")[2]
    assert "\n  rcnas-zoo pull robust-2m    " in answer.stdout


def test_the_version_is_told(run):
    assert run("--version").stdout == f"rcnas-zoo, version {VERSION}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lst"], r"a command must be one of list, show, .*, got 'lst' \(did you mean 'list'\?\)"),
        (["frobnicate"], r"a command must be one of .*, got 'frobnicate'$"),
        (["--verson"], r"No such option '--verson'.*--version"),
        (["list", "--datset", "digits"], r"No such option '--datset'. Did you mean '--dataset'\?; see rcnas-zoo list"),
        (["list", "digits"], r"Got unexpected extra argument \(digits\); see rcnas-zoo list --help"),
        (["show"], r"Missing argument 'NAME'; see rcnas-zoo show --help"),
        (["train", "wrn-10-1"], r"Missing option '--dataset'; see rcnas-zoo train --help"),
        (["list", "--dataset"], r"Option '--dataset' requires an argument$"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_one_line(run, words, message):
    answer = run(*words)
    assert answer.exit_code == 2
    assert re.search(message, refusal(answer))


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (RcnasError("a, b"), "a, b", 1),
        (Unavailable("no\nserver"), "no server", 1),
        (InvalidInput("bad"), "bad", 2),
        (NotFound("gone"), "gone", 3),
        (IntegrityError("changed"), "changed", 4),
        (click.UsageError("What is this."), "What is this", 2),
        (KeyboardInterrupt(), "interrupted; give the same command again, what was kept is not done twice", 1),
        (click.Abort(), "interrupted; give the same command again, what was kept is not done twice", 1),
        (Terminated(), "terminated; give the same command again, what was kept is not done twice", 143),
        (MemoryError(), "out of memory; take fewer workers with --workers or a smaller network", 1),
        (OSError(28, "No space left"), "OSError: [Errno 28] No space left; add --debug for the traceback", 1),
        (KeyError("two\n lines"), r"KeyError: 'two\n lines'; add --debug for the traceback", 1),
    ],
)
def test_every_error_becomes_one_line_and_an_exit_code(error, message, code):
    assert explain(error) == (message, code)


def failing(error):
    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize("error", [MemoryError(), OSError("disk"), NotFound("gone"), Unavailable("no server")])
def test_whatever_goes_wrong_in_a_command_is_one_line(run, monkeypatch, error):
    monkeypatch.setattr(listings, "all_listings", failing(error))
    answer = run("list", "--json")
    assert (refusal(answer), answer.exit_code) == explain(error)


def test_an_interrupt_is_one_line_after_the_one_that_the_terminal_began(run, monkeypatch):
    monkeypatch.setattr(listings, "all_listings", failing(KeyboardInterrupt()))
    answer = run("list")
    message = "error: interrupted; give the same command again, what was kept is not done twice"
    assert (answer.stdout, answer.stderr, answer.exit_code) == ("", f"\n{message}\n", 1)


def test_the_traceback_comes_on_request_before_the_line(run, here):
    answer = run("show", "nothing-of-this-name", "--debug")
    assert answer.exit_code == 3
    assert answer.stderr.startswith("Traceback (most recent call last):")
    assert answer.stderr.splitlines()[-1].startswith("error: 'nothing-of-this-name' must be in ")


def test_an_unknown_name_leaves_completion_of_words_in_peace():
    with main.make_context("rcnas-zoo", ["lst"], resilient_parsing=True) as context:
        assert main.resolve_command(context, ["lst"]) == (None, None, [])


def test_the_installed_program_answers_and_refuses(tmp_path):
    def program(*words):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert program("--version").stdout == f"rcnas-zoo, version {VERSION}\n"
    refused = program("show", "nothing-of-this-name")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    line = f"'{PROGRAM}' list --json | true"
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=True, cwd=tmp_path).stderr == b""


def test_one_line_is_one_line():
    assert one_line("a\n  b\tc ") == "a b c"


def test_torchrun_cannot_share_what_is_not_a_training(run, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    result = run("list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "torchrun must start train or retrain, got list" in result.stderr
