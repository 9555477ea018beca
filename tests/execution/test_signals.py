import os
import signal
import threading

import pytest

from rcnas_zoo.execution.signals import undivided


@pytest.fixture
def heard():
    """What the handlers of this test are told, in place of the usual ones."""
    signals, kept = [], {}
    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, lambda got, frame: signals.append(got))
    yield signals
    for number, handler in kept.items():
        signal.signal(number, handler)


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end_of_the_block(heard, number):
    with undivided():
        send(number)
        assert heard == []
    assert heard == [number]
    send(number)
    assert heard == [number] * 2


def test_a_second_one_does_not_wait(heard):
    with undivided():
        send(signal.SIGINT)
        send(signal.SIGINT)
        assert heard == [signal.SIGINT]
    assert heard == [signal.SIGINT] * 2


def test_after_an_error_the_usual_handlers_are_back(heard):
    with pytest.raises(RuntimeError, match="broken"), undivided():
        raise RuntimeError("broken")
    send(signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_another_thread_works_on_as_it_is(heard):
    done = []

    def work():
        with undivided():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
