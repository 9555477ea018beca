import json

import pytest
from rcnas_zoo_cli.output import emit, say


def test_a_document_is_the_only_thing_on_stdout(capsys):
    emit(True, {"b": [1.5], "a": None}, "for people")
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"a": None, "b": [1.5]}
    assert printed.err == ""


def test_without_json_the_text_is_printed(capsys):
    emit(False, {"a": 1}, "for people")
    assert capsys.readouterr().out == "for people\n"


def test_what_json_cannot_say_is_not_printed(capsys):
    with pytest.raises(ValueError, match="JSON"):
        emit(True, [float("nan")], "")
    assert capsys.readouterr().out == ""


def test_what_is_said_goes_to_stderr(capsys):
    say("a note")
    assert capsys.readouterr() == ("", "a note\n")
