"""A port of this machine that nobody listens on."""

import socket

import pytest


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
