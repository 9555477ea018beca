"""The whole way, from strips to an entry, where nothing but torch, numpy, Pillow and safetensors can be imported."""

import json
import subprocess
import sys

import pytest

from tests.test_floors import OPTIONAL

FORBIDDEN = (*OPTIONAL, "click", "rich", "jinja2", "platformdirs", "pandas", "rcnas_zoo_cli", "rcnas_zoo_registry")
PROGRAM = f"""
import sys
sys.modules.update(dict.fromkeys({FORBIDDEN!r}))
from benchmarks import machine
from benchmarks.gpu.__main__ import main
machine.SQUARES, machine.POINTWISE = {{"cpu": (32,)}}, {{"cpu": ((1, 4, 8),)}}
for line in sys.stdin:
    code = main(line.split())
    print("code", code)
    assert code == 0, line
"""
WAY = """
pack {strips} --to {to}/loads --load-size 200000B
unpack {to}/loads/1 --data {to}/data
unpack {to}/loads/2 --data {to}/data
throughput --networks wrn-10-1 --objectives fast --compile off --seconds 0.01 --set batch_size=8 --out {to}/out
plan --rates {to}/out/gpu.json --total-minutes 20
pilot --network wrn-10-1 --objectives fast --seconds 0.1 --samples 8 --data {to}/data --set batch_size=16 --out {to}/out
train --network wrn-10-1 --objective fast --epochs 1 --data {to}/data --set batch_size=16 {places}
evaluate --attacks pgd-3 --samples 10 --data {to}/data {places}
collect {places} --parts 1
join {to}/out --to {to}/weights.safetensors
entry {to}/out --to {to}/toy-12m
"""


def test_the_whole_way_needs_no_other_package(strips, tmp_path):
    places = f"--state {tmp_path}/state --out {tmp_path}/out"
    words = WAY.strip().format(strips=strips[0], to=tmp_path, places=places)
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "files are still missing" in done.stdout
    assert "all files are here" in done.stdout
    record = json.loads((tmp_path / "toy-12m" / "record.json").read_text())
    assert (record["dataset"], record["measured"][0]["samples"]) == ("cifar10", 10)


def test_a_forbidden_package_would_be_noticed():
    program = f"import sys; sys.modules.update(dict.fromkeys({FORBIDDEN!r})); import click"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "import of click halted" in done.stderr


def test_help_loads_no_torch():
    program = (
        "import sys\nfrom benchmarks.gpu.__main__ import main\n"
        "try: main(['train', '--help'])\nexcept SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0 False"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train", "the following arguments are required: --network, --state, --out"),
        ("fly", "invalid choice: 'fly'"),
        ("pack a --to b --load-size 5", "a size must be a whole number above 0 of MiB, KiB or B, such as 16MiB"),
        ("train --network n --state s --out o --epochs 0", "must be a whole number from 1, got '0'"),
        ("train --network n --state s --out o --total-minutes -1", "must be a number above 0, got '-1'"),
        ("train --network n --state s --out o --set x", "must be NAME=VALUE, got 'x'"),
        ("collect --state s --out o --parts a-b", "must be parts such as 1-3 or 1,4, got 'a-b'"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_one_line(run, capsys, words, told):
    with pytest.raises(SystemExit) as ended:
        run(*words.split())
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert told in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("train --network wrn-11-1 --dataset digits --epochs 1 --state s --out o", 2, "wrn-11-1"),
        ("train --network wrn-10-1 --dataset digit --epochs 1 --state s --out o", 2, "did you mean 'digits'"),
        ("train --network wrn-10-1 --dataset digits --objective fats --epochs 1 --state s --out o", 2, "'fast'"),
        ("train --network wrn-10-1 --dataset digits --epochs 1 --set rate=1 --state s --out o", 2, "no field 'rate'"),
        ("train --network wrn-10-1 --epochs 1 --data d --state s --out o", 3, "the data set cifar10 must exist"),
        ("collect --state s --out o", 3, "must be done, but it is not"),
        ("join s --to o", 3, "the manifest weights.safetensors.json must be in s"),
    ],
)
def test_what_is_wrong_later_is_told_in_one_line(run, tmp_path, monkeypatch, words, code, told):
    monkeypatch.chdir(tmp_path)
    found, _, err = run(*words.split())
    assert (found, err.count("\n")) == (code, 1)
    assert told in err
