import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking import server
from rcnas_zoo.tracking.server import check_server


@contextmanager
def answering_with(status):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", running.asked
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 401, 403, 404])
def test_a_server_that_answers_is_there_even_if_it_refuses(status):
    with answering_with(status) as (uri, asked):
        check_server(f"{uri}/")
    assert asked == ["/health"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_gateway_without_a_server_behind_it_is_not_an_answer(status):
    with answering_with(status) as (uri, _), pytest.raises(Unavailable, match=f"{uri} must answer, got: {status}"):
        check_server(uri)


def test_a_closed_port_is_told_at_once_with_the_way_out(closed_port):
    start = time.monotonic()
    with pytest.raises(
        Unavailable, match=r"must answer, got: .*refused.*start it, or set MLFLOW_TRACKING_URI"
    ) as error:
        check_server(f"http://ann:secret@127.0.0.1:{closed_port}")
    assert time.monotonic() - start < 5
    assert "secret" not in str(error.value)


def test_a_server_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable, match="must answer, got: timed out"):
            check_server(f"http://127.0.0.1:{port}")


def test_something_else_than_http_is_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as other:

        def talk():
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-x\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(Unavailable, match="must answer, got"):
            check_server(f"http://127.0.0.1:{other.getsockname()[1]}")
        thread.join()
