import inspect

import pytest

from rcnas_zoo.spec.observer import Observer, ProgressOnly, Silent, Together

CALLS = [
    ("epoch", (1, 10, {"loss": 0.5})),
    ("metric", ("reward", 0.25, 3)),
    ("artifact", ("candidates/003.json", b"{}")),
    ("progress", ("training", 2, 10, "nearly")),
    ("warning", ("the store is silent",)),
]


class Diary:
    """Writes down who was told what, in a list that several share."""

    def __init__(self, name, entries):
        self.name, self.entries = name, entries

    def __getattr__(self, method):
        return lambda *arguments: self.entries.append((self.name, method, arguments))


def test_the_calls_tried_here_are_the_whole_protocol():
    assert {name for name in vars(Observer) if not name.startswith("_")} == {name for name, _ in CALLS}


@pytest.mark.parametrize("observer", [ProgressOnly, Silent, Together])
@pytest.mark.parametrize("method", [name for name, _ in CALLS])
def test_an_observer_takes_what_the_protocol_says(observer, method):
    assert inspect.signature(getattr(observer, method)) == inspect.signature(getattr(Observer, method))


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_silent_does_nothing(method, arguments):
    assert getattr(Silent(), method)(*arguments) is None


@pytest.mark.parametrize(("method", "arguments"), CALLS)
def test_together_passes_everything_on_in_order(method, arguments):
    entries = []
    getattr(Together([Diary("first", entries), Diary("second", entries)]), method)(*arguments)
    assert entries == [("first", method, arguments), ("second", method, arguments)]


def test_progress_without_a_note_is_passed_on_with_an_empty_one():
    entries = []
    Together([Diary("only", entries)]).progress("training", 1, 2)
    assert entries == [("only", "progress", ("training", 1, 2, ""))]


def test_beside_other_work_only_progress_and_warnings_are_passed_on():
    entries = []
    for method, arguments in CALLS:
        getattr(ProgressOnly(Diary("only", entries)), method)(*arguments)
    assert entries == [("only", method, arguments) for method, arguments in CALLS if method in ("progress", "warning")]
