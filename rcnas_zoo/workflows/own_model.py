"""A network of the user's own: what a function in a Python file gives."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from rcnas_zoo.spec.errors import InvalidInput, NotFound, unknown_choice

_FORM = re.compile(r"(.+\.py):([A-Za-z_]\w*)")
_neighbours: dict[str, str] = {}
"""Modules that were imported because they lie beside the file of a network, and the folder where."""


def names_function(text: str) -> bool:
    """Whether a text is ``FILE.py:FUNCTION``."""
    return _FORM.fullmatch(text) is not None


def file_of(text: str) -> Path:
    """The file of ``FILE.py:FUNCTION``.

    Raises:
        InvalidInput: another text.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidInput(f"a model of your own must be written FILE.py:FUNCTION, got {text!r}")
    return Path(match[1])


def own_model(text: str, device: str) -> nn.Module:
    """The network that ``FILE.py:FUNCTION`` names, in eval mode on a device. The file's code is run, in this process.

    The function takes no arguments and returns a ``torch.nn.Module`` of images (N, C, H, W) in [0, 1].

    Raises:
        NotFound: no such file.
        InvalidInput: the file or the function fails, or there is no such function, or it gives something else.
    """
    path, name = file_of(text), text.rpartition(":")[2]
    if not path.is_file():
        raise NotFound(f"the file of a model must exist, got {str(path)!r}; check the path")
    with _told(text), _importing_beside(path):
        module = _load(path)
        functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        if not callable(getattr(module, name, None)):
            raise unknown_choice(f"a function of {path.name}", name, functions)
        model = getattr(module, name)()
    if not isinstance(model, nn.Module):
        raise InvalidInput(f"{text} must return a torch.nn.Module, got a {type(model).__name__}")
    return model.to(torch.device(device)).eval()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise InvalidInput(f"the file of a model must be Python, got {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and the like look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _importing_beside(path: Path) -> Iterator[None]:
    """Within: the file may import what lies beside it, as if it were run."""
    folder = str(path.parent.resolve())
    _forget_neighbours(folder)
    modules = dict(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        shadowed = modules.get(path.stem)
        if shadowed is not None:
            sys.modules[path.stem] = shadowed
        _neighbours.update({name: folder for name in sys.modules.keys() - modules.keys() if _home(name) == folder})


def _forget_neighbours(folder: str) -> None:
    """Forgets what was imported beside files of other folders: this one may have modules of the same names."""
    for name in [name for name, home in _neighbours.items() if home != folder]:
        del _neighbours[name]
        sys.modules.pop(name, None)


def _home(name: str) -> str:
    """The folder in which a module, or the package that it is part of, lies; empty if it has none."""
    module = sys.modules.get(name.partition(".")[0])
    place = next(iter(getattr(module, "__path__", ())), None) or getattr(module, "__file__", None)
    return str(Path(place).parent.resolve()) if place else ""


@contextmanager
def _told(text: str) -> Iterator[None]:
    """Within: whatever goes wrong becomes one line."""
    try:
        # What the code prints is not what the command answers.
        with redirect_stdout(sys.stderr):
            yield
    except (InvalidInput, NotFound):
        raise
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise InvalidInput(
            f"{text} must give a network, it failed with {type(error).__name__}: {error}; run it in Python by itself"
        ) from error
