"""Weights that were not installed, fetched from a server of the test: it answers on loopback for an https address."""

import socket
import threading
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import HTTPSHandler, ProxyHandler

import pytest
import torch

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError, NotFound, Unavailable
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.record import FLOAT16
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.listings import all_listings
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo import catalogue, fetching
from rcnas_zoo.zoo.catalogue import catalogue_entry
from rcnas_zoo.zoo.entry import read_record
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.pull import find_spec, open_entry, pull
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry

WEIGHTS = "weights.safetensors"
URL = "https://weights.test/v1/large.safetensors"
NAME = ZooName("large")


class Server(ThreadingHTTPServer):
    """Answers every request with what the test sets, and counts them."""

    content, length, status, headers, asked = b"", None, 200, (), 0


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked += 1
        self.send_response(server.status)
        for header in server.headers:
            self.send_header(*header)
        if server.length != "unsaid":
            self.send_header("Content-Length", str(len(server.content) if server.length is None else server.length))
        self.end_headers()
        self.wfile.write(server.content)

    def log_message(self, *_):
        pass


class Watching(Silent):
    def __init__(self):
        self.seen = []

    def progress(self, label, done, total, note=""):
        self.seen.append((label, done, total))


def state(spec):
    return {n: t.half().float() if t.is_floating_point() else t for n, t in build(spec, seed=3).state_dict().items()}


@pytest.fixture
def server(monkeypatch):
    """A server; every https connection of the product goes to it in plain http."""
    with Server(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        class ToLoopback(HTTPSHandler):
            def https_open(self, request):
                assert request.host == "weights.test"
                return self.do_open(lambda host, timeout: HTTPConnection(*server.server_address, timeout), request)

        kept = [handler for handler in fetching.HANDLERS if handler not in (HTTPSHandler, ProxyHandler)]
        monkeypatch.setattr(fetching, "HANDLERS", (ToLoopback, *kept))
        yield server
        server.shutdown()


@pytest.fixture
def installed(tmp_path, monkeypatch, tiny_spec, tiny_record, server):
    """A catalogue in which the weights of `large` were not installed; the server has them."""
    root = tmp_path / "catalogue"
    root.mkdir()
    record = replace(tiny_record, name="large", weights_dtype=FLOAT16, weights_url=URL)
    write_entry(root / "large", tiny_spec, record, state(tiny_spec), receipt=b"a receipt")
    server.content = (root / "large" / WEIGHTS).read_bytes()
    (root / "large" / WEIGHTS).unlink()
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: root)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/none/mlflow.db")
    return root


@pytest.fixture
def empty(tmp_path):
    uri = f"sqlite:///{tmp_path}/none/mlflow.db"
    return Store(uri, uri)


def test_pulling_brings_the_weights_from_their_address(installed, empty, server, tiny_spec):
    watching = Watching()
    pulled = pull(NAME, store=empty, observer=watching)
    assert (pulled.source, pulled.entry.folder, server.asked) == ("catalogue", Path("large"), 1)
    assert (Path("large") / WEIGHTS).read_bytes() == server.content
    assert [check.name for check in verify("large").checks if not check.passed] == []
    expected = state(tiny_spec)
    assert all(torch.equal(expected[name], tensor) for name, tensor in load_model("large").state_dict().items())
    assert watching.seen == [("weights of large, MB", 0, 1), ("weights of large, MB", 1, 1)]
    assert not (installed / "large" / WEIGHTS).exists()


def test_what_was_pulled_is_not_fetched_again_and_needs_no_server(installed, empty, server):
    pull(NAME, store=empty)
    pull(NAME, store=empty, offline=True)
    assert server.asked == 1
    assert [check.name for check in verify_entry("large").checks if not check.passed] == ["receipt"]


def test_an_entry_whose_weights_were_installed_asks_no_server(installed, empty, server):
    (installed / "large" / WEIGHTS).write_bytes(server.content)
    pull(NAME, store=empty)
    assert open_entry(NAME, Path("cache"), store=empty).entry.is_whole
    assert server.asked == 0


def test_progress_counts_whole_megabytes_and_ends_once(server, tiny_record):
    watching, record = Watching(), replace(tiny_record, weights_size=2_000_000)
    for received in (0, 999_999, 1_000_000, 1_999_999, 2_000_000):
        fetching._tell(watching, record, received)
    assert [(done, total) for _, done, total in watching.seen] == [(0, 2), (0, 2), (1, 2), (1, 2), (2, 2)]


def changed(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("served", "length", "error", "told"),
    [
        (changed, None, IntegrityError, "must match the sha256 of their record, got [0-9a-f]{64}; nothing was kept"),
        (lambda whole: whole + b"x", None, IntegrityError, "bytes of their record, got more; nothing was kept"),
        (lambda whole: whole * 50, "unsaid", IntegrityError, "bytes of their record, got more; nothing was kept"),
        (
            lambda whole: whole[:-9],
            10**6,
            Unavailable,
            "(got [0-9]+ bytes of [0-9]+|more expected.*); try again later$",
        ),
        (lambda whole: whole[:-9], None, Unavailable, "got [0-9]+ bytes of [0-9]+; try again later$"),
        (lambda whole: b"", "unsaid", Unavailable, "got 0 bytes of [0-9]+; try again later$"),
    ],
)
def test_what_is_not_the_whole_file_is_not_kept(installed, empty, server, served, length, error, told):
    server.content, server.length = served(server.content), length
    with pytest.raises(error, match=told) as caught:
        pull(NAME, store=empty)
    assert "\n" not in str(caught.value)
    assert list(Path().iterdir()) == []


def test_a_download_that_fails_leaves_what_was_to_be_replaced(installed, empty, server):
    pull(NAME, store=empty)
    (Path("large") / "card.md").write_text("changed")
    server.content = changed(server.content)
    with pytest.raises(IntegrityError):
        pull(NAME, store=empty, replace=True)
    assert [path.name for path in Path().iterdir()] == ["large"]
    assert (Path("large") / "card.md").read_text() == "changed"


def test_a_server_that_refuses_is_told(installed, empty, server):
    server.status = 404
    with pytest.raises(Unavailable, match=f"{URL} must give the weights of large, got Not Found; try again later"):
        pull(NAME, store=empty)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(installed, empty, server, monkeypatch):
    monkeypatch.setattr(fetching, "SILENT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server.server_address = silent.getsockname()
        with pytest.raises(Unavailable, match="got timed out"):
            pull(NAME, store=empty)


@pytest.mark.parametrize("place", ["http://weights.test/x", "file:///etc/hostname", "ftp://weights.test/x"])
def test_a_redirection_out_of_https_is_not_followed(installed, empty, server, place):
    server.status, server.headers = 302, (("Location", place),)
    with pytest.raises(
        Unavailable,
        match=r"got (unknown url type: (http|ftp)|Found - Redirection to url 'file:.*' is not allowed); try",
    ):
        pull(NAME, store=empty)
    assert server.asked == 1


def test_a_redirection_within_https_is_followed(installed, empty, server):
    class Moved(Answer):
        def do_GET(self):
            if self.path == "/kept":
                self.server.status, self.server.headers = 200, ()
            super().do_GET()

    server.RequestHandlerClass = Moved
    server.status, server.headers = 302, (("Location", "https://weights.test/kept"),)
    assert pull(NAME, store=empty).entry.is_whole
    assert server.asked == 2


def test_offline_nothing_is_fetched_and_the_way_out_is_told(installed, empty, server):
    with pytest.raises(NotFound, match=f"when offline, but they lie at {URL}; leave out --offline, or pull the arch"):
        pull(NAME, Path("a") / "b", store=empty, offline=True)
    assert (list(Path().iterdir()), server.asked) == ([], 0)
    assert pull(NAME, store=empty, offline=True, architecture=True).entry.spec == catalogue_entry("large").spec
    assert server.asked == 0


def test_a_record_without_an_address_tells_how_to_get_the_weights(installed, empty, server, reseal):
    (installed / "large" / WEIGHTS).write_bytes(server.content)
    reseal(installed / "large", weights_url="", weights_size=0)
    (installed / "large" / WEIGHTS).unlink()
    with pytest.raises(
        NotFound, match=r"tells no address; copy weights\.safetensors from registry/large of a checkout to"
    ):
        pull(NAME, store=empty)
    assert server.asked == 0


def test_it_is_listed_and_its_architecture_known(installed, empty, server):
    assert [(row.name, row.weights) for row in all_listings(False, print)] == [("large", True)]
    opened = open_entry(NAME, Path("cache"), store=empty, weights=False)
    assert opened.entry.folder == installed / "large"
    assert find_spec(NAME, empty) == opened.entry.spec
    assert server.asked == 0


def test_whoever_needs_the_weights_is_told_to_pull(installed, empty, server):
    told = "the weights of large must be on this machine, .* folder: rcnas-zoo pull large"
    with pytest.raises(NotFound, match=told):
        open_entry(NAME, Path("cache"), store=empty)
    with pytest.raises(NotFound, match=told):
        verify_entry("large")
    assert server.asked == 0


def test_the_other_files_are_still_checked(installed, empty, server):
    (installed / "large" / "canary.safetensors").unlink()
    with pytest.raises(IntegrityError, match=r"canary\.safetensors must be in"):
        pull(NAME, store=empty)
    with pytest.raises(IntegrityError, match=r"canary\.safetensors must be in"):
        catalogue_entry("large")


def test_the_record_says_how_much_may_come(installed, server):
    record = read_record(installed / "large")
    assert (record.weights_url, record.weights_size) == (URL, len(server.content))
    assert f"<{URL}>, {len(server.content):,} bytes" in (installed / "large" / "card.md").read_text()
