"""The wheel, built from a copy of the source and installed where nothing else of ours can be seen."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.entry import ENTRY_FILES
from rcnas_zoo.zoo.writing import write_entry

from .floors import FOLDERS, ROOT

TABLES = FOLDERS["rcnas_zoo"] / "oracles" / "tables"
REGISTRY = ROOT / "registry"
LARGE = 5_000_000
URL = "https://example.org/weights.safetensors"
SOURCE = ("rcnas_zoo", "cli", "registry", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def done(*command: object, cwd: Path) -> str:
    result = run(*command, cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def config() -> ConfigParser:
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def left_out() -> set[str]:
    return set(config()["options.exclude_package_data"]["rcnas_zoo_registry"].split(", "))


def large_entry(folder: Path) -> None:
    """An untrained stand-in for robust-5g whose weights are over 5 MB in float16."""
    spec = named_spec("wrn-16-4")
    state = {n: t.half().float() if t.is_floating_point() else t for n, t in build(spec).state_dict().items()}
    record = replace(new_record("robust-5g", spec), weights_dtype="float16", weights_url=URL)
    write_entry(folder, spec, record, state, receipt=b"a receipt", replace=True)
    assert (folder / "weights.safetensors").stat().st_size > LARGE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy / name)
    large_entry(copy / "registry" / "robust-5g")
    done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", made, copy, cwd=made)
    return next(made.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rcnas-zoo` in a new environment, to which the dependencies of this one are lent.

    An editable install of ours is not lent with them: `.pth` files of a folder that a `.pth` file adds are not read.
    """
    home = tmp_path_factory.mktemp("environment")
    done(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    python = home / "bin" / "python"
    done(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home)
    packages = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    Path(packages, "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return home / "bin" / "rcnas-zoo"


def test_the_wheel_holds_the_library_the_command_line_and_the_catalogue(names):
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {
        "rcnas_zoo",
        "rcnas_zoo_cli",
        "rcnas_zoo_registry",
    }
    assert "rcnas_zoo/py.typed" in names


@pytest.mark.parametrize(("package", "folder"), FOLDERS.items())
def test_every_module_is_in_the_wheel(names, package, folder):
    modules = {f"{package}/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*.py")}
    assert modules <= set(names)


def test_every_file_of_the_catalogue_is_in_the_wheel(names):
    entries = [path for path in REGISTRY.glob("*/*") if path.suffix in (".json", ".safetensors", ".md")]
    assert any(path.name == "record.json" for path in entries)
    shipped = {f"{path.parent.name}/{path.name}" for path in entries} - left_out()
    assert {f"rcnas_zoo_registry/{name}" for name in shipped} <= set(names)


def test_large_weights_are_not_in_the_wheel_and_the_rest_of_their_entry_is(wheel):
    with ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    shipped = {name.rpartition("/")[2] for name in sizes if name.startswith("rcnas_zoo_registry/robust-5g/")}
    assert shipped == set(ENTRY_FILES) - {"weights.safetensors"}
    assert max(sizes.values()) <= LARGE


def test_whatever_is_large_in_the_catalogue_is_left_out_of_the_wheel():
    files = {f"{path.parent.name}/{path.name}": path.stat().st_size for path in REGISTRY.glob("*/*")}
    assert {name for name, size in files.items() if size > LARGE} <= left_out()
    weights = {f"{path.parent.name}/weights.safetensors" for path in REGISTRY.glob("*/record.json")}
    assert left_out() <= weights


def test_every_oracle_is_in_the_wheel(names):
    shipped = {f"rcnas_zoo/oracles/tables/{path.name}" for path in TABLES.glob("*.oracle.xz")}
    assert shipped == {name for name in names if name.endswith(".oracle.xz")}


def test_the_wheel_is_what_runs_in_the_new_environment(command, tmp_path):
    program = "import rcnas_zoo, rcnas_zoo_cli; print(rcnas_zoo.__file__); print(rcnas_zoo_cli.__file__)"
    places = done(command.parent / "python", "-c", program, cwd=tmp_path).split()
    assert all(command.parent.parent in Path(place).parents for place in places)


def test_the_installed_command_explains_itself(command, tmp_path):
    assert "Usage: rcnas-zoo" in done(command, "--help", cwd=tmp_path)


def test_the_installed_command_lists_the_shipped_catalogue(command, tmp_path):
    rows = json.loads(done(command, "list", "--json", cwd=tmp_path))
    shipped = {path.parent.name for path in (ROOT / "registry").glob("*/record.json")}
    assert {row["name"] for row in rows} == shipped


def test_the_installed_command_refuses_in_one_line(command, tmp_path):
    result = run(command, "show", "no-such-network", "--json", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_entry_whose_weights_were_not_installed_is_shown_and_says_where_they_are(command, tmp_path):
    told = json.loads(done(command, "show", "robust-5g", "--json", cwd=tmp_path))
    assert (told["source"], told["weights"]) == ("catalogue", True)
    assert URL in done(command, "show", "robust-5g", cwd=tmp_path)
    result = run(command, "pull", "robust-5g", "--offline", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert f"they lie at {URL}; leave out --offline" in result.stderr
    result = run(command, "verify", "robust-5g", cwd=tmp_path)
    assert (result.returncode, result.stderr.count("\n")) == (3, 1)
    assert "rcnas-zoo pull robust-5g" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_package_is_declared():
    found = {
        ".".join([package, *path.parent.relative_to(folder).parts])
        for package, folder in FOLDERS.items()
        for path in folder.rglob("__init__.py")
    }
    assert set(config()["options"]["packages"].split()) == found | {"rcnas_zoo_registry"}
