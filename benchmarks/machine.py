"""What a benchmark ran on: facts of the machine, and how fast it multiplies matrices.

python benchmarks/machine.py [--device cuda]     both as JSON
"""

import json
import os
import platform
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from rcnas_zoo.execution.device import pick_device

REPEATS = 7
SQUARES = {"cpu": (1024, 2048, 3072), "cuda": (4096, 8192)}
# Batch, side and channels of 1x1 convolutions.
POINTWISE = {
    "cpu": ((128, 16, 128), (16, 16, 512), (64, 16, 512), (64, 8, 1024)),
    "cuda": ((256, 32, 1024), (512, 32, 2048)),
}
NOTABLE = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def facts(device: torch.device) -> dict[str, Any]:
    """What decides a speed: processor or card, cores in use, release of torch."""
    found: dict[str, Any] = {
        "processor": processor(),
        "cores": cores(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    if device.type == "cuda":
        found["card"] = torch.cuda.get_device_name(device)
    return found


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Name of the processor and those of its abilities that matter here."""
    path = Path("/proc/cpuinfo")
    lines = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line) if path.is_file() else {}
    found = {key.strip(): value.strip() for key, value in lines.items()}
    flags = [flag for flag in NOTABLE if flag in found.get("flags", "").split()]
    return " ".join([found.get("model name", platform.processor() or platform.machine()), *flags])


def peak(device: torch.device) -> dict[str, float]:
    """Operations a second of the fastest large matrix product, for float32 and bfloat16."""
    return {str(dtype).removeprefix("torch."): _peak(device, dtype) for dtype in (torch.float32, torch.bfloat16)}


def _peak(device: torch.device, dtype: torch.dtype) -> float:
    squares = [_square(size, device, dtype) for size in SQUARES[device.type]]
    return max(*squares, *(_pointwise(shape, device, dtype) for shape in POINTWISE[device.type]))


@torch.no_grad()
def _square(size: int, device: torch.device, dtype: torch.dtype) -> float:
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    work = 2.0 * size**3
    return max(work / _best(lambda: left @ right, device), work / _best(lambda: F.linear(left, right), device))


@torch.no_grad()
def _pointwise(shape: tuple[int, int, int], device: torch.device, dtype: torch.dtype) -> float:
    """A 1x1 convolution, channels last: the product that a network could hope for."""
    batch, side, channels = shape
    images = torch.randn(batch, channels, side, side, device=device).to(dtype)
    weights = torch.randn(channels, channels, 1, 1, device=device).to(dtype)
    images, weights = (tensor.contiguous(memory_format=torch.channels_last) for tensor in (images, weights))
    return 2.0 * batch * side**2 * channels**2 / _best(lambda: F.conv2d(images, weights), device)


def _best(run: Callable[[], Tensor], device: torch.device) -> float:
    """Seconds of the quickest of several runs."""
    run()
    return min(_seconds(run, device) for _ in range(REPEATS))


def _seconds(run: Callable[[], Tensor], device: torch.device) -> float:
    synchronise(device)
    started = time.perf_counter()
    run()
    synchronise(device)
    return time.perf_counter() - started


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda[:n].")
    chosen = pick_device(parser.parse_args().device)
    print(json.dumps({"machine": facts(chosen), "peak": peak(chosen)}))


if __name__ == "__main__":
    main()
