"""Imports only point down, and low floors and `--help` stay light."""

import re
import subprocess
import sys

import pytest

from .floors import FOLDERS, LEVELS, climbing_imports, import_cycle, import_graph, imports_of, module_files, room_of

MODULES = list(module_files())
GRAPH = import_graph()
COMMANDS = sorted(
    path.stem.replace("_", "-")
    for path in (FOLDERS["rcnas_zoo_cli"] / "commands").glob("*.py")
    if not path.stem.startswith("_")
)
LOW_ROOMS = ("spec", "networks", "attacks", "datasets", "execution", "evaluation", "training", "pruning")
OPTIONAL = (
    "mlflow",
    "optuna",
    "torchattacks",
    "ptflops",
    "torchvision",
    "sklearn",
    "scipy",
    "matplotlib",
    "lightning_fabric",
)
LIGHT_MODULES = [
    "rcnas_zoo",
    *(module for module in MODULES if room_of(module) == "spec"),
    *(f"rcnas_zoo.networks.{name}" for name in ("cost", "named", "scaling")),
    *(f"rcnas_zoo.zoo.{name}" for name in ("names", "catalogue", "index", "entry")),
    *(f"rcnas_zoo.paper.{name}" for name in ("catalogue", "lint")),
    "rcnas_zoo_cli.main",
]


def run_python(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def imports_in(source: str, module: str = "rcnas_zoo.networks.blocks") -> set[str]:
    return imports_of(source, module, False, dict.fromkeys(MODULES))


def test_every_room_has_its_floor():
    assert {room_of(module) for module in MODULES} <= set(LEVELS)


def test_imports_only_point_down():
    assert climbing_imports(GRAPH) == []


def test_no_modules_import_one_another_in_a_circle():
    assert import_cycle(GRAPH) == []


def test_the_command_line_names_its_own_modules_relatively():
    absolute = re.compile(r"^\s*(from|import) (cli|rcnas_zoo_cli)\b", re.MULTILINE)
    inside = [path for module, path in module_files().items() if room_of(module) == "cli"]
    assert [path.name for path in inside if absolute.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("rcnas_zoo.spec.task", "rcnas_zoo.networks.build"),
        ("rcnas_zoo.networks.build", "rcnas_zoo.attacks.base"),
        ("rcnas_zoo.version", "rcnas_zoo.spec.errors"),
        ("rcnas_zoo.search.method", "rcnas_zoo"),
        ("rcnas_zoo.workflows.train", "rcnas_zoo_cli.main"),
    ],
)
def test_a_climbing_import_is_found(module, target):
    assert climbing_imports({module: {target}}) == [f"{module} imports {target}"]


def test_a_circle_is_found():
    assert len(import_cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == 4


@pytest.mark.parametrize(
    "source",
    [
        "from rcnas_zoo.spec.errors import InvalidInput",
        "from rcnas_zoo.spec import errors",
        "import rcnas_zoo.spec.errors as e",
        "from ..spec.errors import NotFound",
        "def late():\n    from rcnas_zoo.spec.errors import NotFound",
        "if TYPE_CHECKING:\n    from rcnas_zoo.spec import errors",
        "import_module('rcnas_zoo.spec.errors')",
    ],
)
def test_an_import_of_any_form_is_seen(source):
    assert imports_in(source) == {"rcnas_zoo.spec.errors"}


@pytest.mark.parametrize("source", ["import torch", "from json import loads", "'see rcnas_zoo.spec.errors'"])
def test_what_is_no_import_of_ours_is_not_counted(source):
    assert imports_in(source) == set()


def test_the_low_floors_import_without_any_optional_package():
    low = [module for module in MODULES if room_of(module) in LOW_ROOMS]
    program = (
        "import sys, importlib\n"
        f"sys.modules.update(dict.fromkeys({OPTIONAL!r}))\n"
        "for module in sys.argv[1:]: importlib.import_module(module)"
    )
    run_python(program, *low)


def test_an_optional_package_in_the_way_would_be_noticed():
    program = f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r})); import mlflow"
    with pytest.raises(AssertionError, match="import of mlflow halted"):
        run_python(program)


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_a_light_module_loads_neither_torch_nor_mlflow(module):
    program = f"import sys, {module}; print(*{{'torch', 'mlflow'}} & set(sys.modules))"
    assert run_python(program).split() == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_neither_torch_nor_mlflow(command):
    program = (
        "import sys\n"
        "from rcnas_zoo_cli.main import main\n"
        f"try: main(['{command}', '--help'])\n"
        "except SystemExit as end: print(end.code, *{'torch', 'mlflow'} & set(sys.modules))"
    )
    assert run_python(program).splitlines()[-1].split() == ["0"]
