"""The import graph of the house, read from its source, and the rules that it must keep."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"rcnas_zoo": ROOT / "rcnas_zoo", "rcnas_zoo_cli": ROOT / "cli"}

# From the ground up. Rooms of one floor do not import one another; `version` stands below all of them.
FLOORS = (
    ("version",),
    ("spec",),
    ("networks", "attacks", "datasets", "execution"),
    ("evaluation",),
    ("training",),
    ("pruning",),
    ("tracking",),
    ("zoo",),
    ("candidates",),
    ("oracles",),
    ("search",),
    ("baselines",),
    ("reporting",),
    ("paper",),
    ("workflows",),
    ("face",),
    ("cli",),
)
LEVELS = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def module_files() -> dict[str, Path]:
    """Every module of the library and the command line, by its installed name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


def import_graph() -> dict[str, set[str]]:
    """Module to the modules of the house that it imports, anywhere in its file."""
    files = module_files()
    return {
        module: imports_of(path.read_text(encoding="utf-8"), module, path.name == "__init__.py", files)
        for module, path in files.items()
    }


def imports_of(source: str, module: str, is_package: bool, known: Mapping[str, object]) -> set[str]:
    """The modules that a file imports, also late ones and those that it names in a string for `import_module`."""
    package = module if is_package else module.rpartition(".")[0]
    names = (name for node in ast.walk(ast.parse(source)) for name in _named(node, package, known))
    return {name for name in names if name.partition(".")[0] in (*FOLDERS, "cli")}


def _named(node: ast.AST, package: str, known: Mapping[str, object]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = resolve_name("." * node.level + (node.module or ""), package)
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            yield inner if inner in known else base
    elif isinstance(node, ast.Constant) and "." in str(node.value) and node.value in known:
        yield node.value


def room_of(module: str) -> str:
    """The room a module belongs to; the package itself is the face of the house, as is `rcnas_zoo.face`."""
    package, *rest = module.split(".")
    if package == "rcnas_zoo":
        return rest[0] if rest else "face"
    return "cli"


def climbing_imports(graph: Mapping[str, set[str]]) -> list[str]:
    """Imports that go up, or over to another room of the same floor."""
    return [
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in sorted(targets)
        if room_of(module) != room_of(target) and LEVELS[room_of(module)] <= LEVELS[room_of(target)]
    ]


def import_cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """A circle of modules that import one another, or an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
