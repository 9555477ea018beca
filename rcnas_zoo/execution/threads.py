"""One thread a process: on tiny networks more threads cost far more than they bring, and could change sums."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within: torch computes with so many threads. The count of before comes back at the end."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_torch_thread() -> AbstractContextManager[None]:
    """Within: torch computes with one thread."""
    return torch_threads(1)


@contextmanager
def one_thread_for_children() -> Iterator[None]:
    """Within: processes started here load torch, and with it OpenMP and MKL, with one thread from the first moment.

    The variables are restored at the end; libraries that this process has loaded do not read them again.
    """
    before = {variable: os.environ.get(variable) for variable in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    try:
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value
