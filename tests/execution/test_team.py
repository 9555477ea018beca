"""`Team`: sums and messages among threads, and among processes that torchrun starts."""

import math
import os
import socket
import subprocess
import sys
import threading

import pytest
import torch

from rcnas_zoo.execution.team import Team
from rcnas_zoo.execution.torchrun import join_team, leads_here
from rcnas_zoo.spec.errors import InvalidInput, Unavailable

from ..teams import as_threads, reports

CPU = torch.device("cpu")
VARIABLES = {
    "WORLD_SIZE": "2",
    "RANK": "0",
    "LOCAL_RANK": "0",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "1",
}

TOGETHER = """
import json, sys
from pathlib import Path
import torch
from rcnas_zoo.execution.torchrun import join_team

with join_team(torch.device("cpu")) as team:
    noise = torch.randn(1000, generator=torch.Generator().manual_seed(team.rank))
    counts, half = torch.tensor([[1, 2], [3, 2**40]]), torch.full((3,), 0.5, dtype=torch.bfloat16)
    team.add([noise, counts, half])
    report = {
        "team": [team.rank, team.size, team.leads, str(team.device)],
        "noise": noise.tolist(), "counts": counts.tolist(), "half": half.tolist(),
        "plain": team.tell({"accuracy": 0.1} if team.leads else None),
        "bytes": team.tell(bytes(range(256)) * 99 if team.leads else b"").hex(),
    }
    team.add([torch.zeros(1)])
Path(sys.argv[1], f"{team.rank}.json").write_text(json.dumps(report))
"""

APART = """
import os, sys
import torch
from rcnas_zoo.execution.torchrun import join_team
from rcnas_zoo.spec.errors import Unavailable

try:
    with join_team(torch.device("cpu")) as team:
        team.add([torch.zeros(1)])
        if not team.leads:
            os._exit(9)
        team.add([torch.zeros(1)])
except Unavailable as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The reports of two processes under torchrun."""
    folder = tmp_path_factory.mktemp("pair")
    script = folder / "together.py"
    script.write_text(TOGETHER)
    return reports(2, script, folder)


@pytest.fixture
def torchrun_variables(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_each_process_knows_its_place(pair):
    assert [report["team"] for report in pair] == [[0, 2, True, "cpu"], [1, 2, False, "cpu"]]


def test_sums_over_processes_are_right_and_the_same_bits(pair):
    parts = [torch.randn(1000, generator=torch.Generator().manual_seed(rank)) for rank in (0, 1)]
    for report in pair:
        assert report["noise"] == (parts[0] + parts[1]).tolist()
        assert report["counts"] == [[2, 4], [6, 2**41]]
        assert report["half"] == [1.0] * 3


def test_the_leader_tells_the_other_process(pair):
    for report in pair:
        assert report["plain"] == {"accuracy": 0.1}
        assert bytes.fromhex(report["bytes"]) == bytes(range(256)) * 99


def test_when_a_process_dies_the_other_ends_in_one_line(tmp_path):
    script = tmp_path / "apart.py"
    script.write_text(APART)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    processes = [
        subprocess.Popen(
            [sys.executable, script],
            env={**os.environ, **VARIABLES, "RANK": rank, "LOCAL_RANK": rank, "MASTER_PORT": port},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    messages = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [1, 9]
    (message,) = messages[0].splitlines()
    assert message.startswith("all 2 processes of a training must live until it ends, but rank 0 lost the others (")
    assert message.endswith("); see what ended them and give the same command again")


@pytest.mark.parametrize("size", [2, 3])
def test_tensors_of_all_shapes_and_types_are_summed_in_place(size):
    def work(team):
        grid = torch.arange(24.0).view(1, 2, 3, 4).contiguous(memory_format=torch.channels_last) * (team.rank + 1)
        strided, scalar = torch.ones(4, 4)[::2, 1::2] * team.rank, torch.tensor(team.rank)
        weight = torch.nn.Parameter(torch.full((2,), float(team.rank)))
        team.add([grid, scalar, strided, weight])
        return grid, scalar, strided, weight.detach()

    times = size * (size + 1) // 2
    for grid, scalar, strided, weight in as_threads(size, work):
        assert torch.equal(grid, torch.arange(24.0).view(1, 2, 3, 4) * times)
        assert grid.is_contiguous(memory_format=torch.channels_last)
        assert scalar.item() == times - size
        assert torch.equal(strided, torch.full((2, 2), float(times - size)))
        assert torch.equal(weight, torch.full((2,), float(times - size)))


@pytest.mark.parametrize("value", [None, 0.1 + 0.2, "ü", b"", b"\x00j", [1, {"a": [True, None, math.inf]}], {}])
def test_every_plain_value_is_told_as_it_is(value):
    assert as_threads(2, lambda team: team.tell(value if team.leads else "not looked at")) == [value, value]


def test_nobody_passes_a_wait_before_all_have_come():
    come = threading.Semaphore(0)

    def work(team):
        if not team.leads:
            come.release()
        team.add([torch.zeros(1)])
        return come.acquire(blocking=False) if team.leads else True

    assert as_threads(2, work) == [True, True]


def test_a_process_alone_keeps_what_it_has(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert leads_here()
    with join_team(CPU) as team:
        assert team == Team()
        assert team.leads
        values, told = torch.arange(3), object()
        team.add([values])
        team.add([torch.zeros(1)])
        assert team.tell(told) is told
        assert values.tolist() == [0, 1, 2]


def test_the_device_of_a_process_alone_is_the_one_it_asked_for():
    with join_team(torch.device("cuda", 1)) as team:
        assert team.device == torch.device("cuda", 1)


@pytest.mark.parametrize(("rank", "leads"), [("0", True), ("1", False), ("10", False)])
def test_who_leads_is_known_before_the_processes_meet(torchrun_variables, monkeypatch, rank, leads):
    monkeypatch.setenv("RANK", rank)
    assert leads_here() is leads


@pytest.mark.parametrize("size", ["", "0", "-1", "two", "1.5"])
def test_a_world_size_that_is_no_number_is_refused(monkeypatch, size):
    monkeypatch.setenv("WORLD_SIZE", size)
    with pytest.raises(InvalidInput, match=f"WORLD_SIZE must be a whole number from 1, got '{size}'; unset it"):
        leads_here()


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"])
def test_another_launcher_than_torchrun_is_refused(torchrun_variables, monkeypatch, name):
    monkeypatch.delenv(name)
    with pytest.raises(InvalidInput, match=f"must be torchrun's, but {name} is not set"), join_team(CPU):
        pass


def test_fewer_cuda_devices_than_processes_are_refused(torchrun_variables, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with (
        pytest.raises(Unavailable, match="2 processes found 1; lower --nproc-per-node"),
        join_team(torch.device("cuda", 0)),
    ):
        pass


def test_without_lightning_the_way_out_is_told(torchrun_variables, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    with pytest.raises(Unavailable, match=r"pip install 'rcnas-zoo\[distributed\]'"), join_team(CPU):
        pass
