import sys

import pytest
import torch

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.workflows.evaluate import evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.own_model import names_function, own_model


@pytest.mark.parametrize(
    ("text", "answer"),
    [("a.py:f", True), ("/x y/a.py:_f2", True), ("robust-2m:3", False), ("a.py", False), ("a.py:1", False)],
)
def test_what_names_a_function(text, answer):
    assert names_function(text) is answer


def test_a_function_gives_a_network_and_leaves_the_path_as_it_was(nets):
    path = list(sys.path)
    model = own_model(f"{nets}:net", "cpu")
    assert not model.training
    assert model(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert sys.path == path


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nett", r"a function of nets.py must be one of .*, got 'nett' .did you mean 'net'"),
        ("number", "must return a torch.nn.Module, got a int"),
        ("broken", "must give a network, it failed with KeyError: 'weights'; run it in Python by itself"),
    ],
)
def test_what_gives_no_network_is_refused_in_one_line(nets, function, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        own_model(f"{nets}:{function}", "cpu")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_absent_or_no_python_is_told(tmp_path):
    with pytest.raises(NotFound, match="the file of a model must exist, got"):
        own_model(f"{tmp_path}/none.py:net", "cpu")
    (tmp_path / "bad.py").write_text("def net(:\n")
    with pytest.raises(InvalidInput, match="it failed with SyntaxError"):
        own_model(f"{tmp_path}/bad.py:net", "cpu")


def test_a_network_of_ones_own_is_measured_like_any_other(nets, tmp_path):
    settings = EvaluateSettings(attacks=("fgsm", "apgd-ce"), dataset="digits", samples=20)
    found = evaluate_entry(f"{nets}:net", settings, Machine(cache=tmp_path / "cache"))
    measured = found.measurement
    assert (measured.dataset, measured.threat, measured.samples) == ("digits", "linf@1/5", 20)
    assert measured.robust_accuracy <= measured.attacks["apgd-ce"] <= measured.clean_accuracy


def test_its_data_set_must_be_given_and_fit(nets, tmp_path):
    machine = Machine(cache=tmp_path / "cache")
    with pytest.raises(InvalidInput, match=r"a data set must be given for .*nets.py:net.*add --dataset"):
        evaluate_entry(f"{nets}:net", EvaluateSettings(), machine)
    (nets.parent / "beside.py").write_text("CLASSES = 4\n")
    sys.modules.pop("beside", None)
    with pytest.raises(InvalidInput, match="labels must be 0 to 3, for the model has 4 classes, got"):
        evaluate_entry(f"{nets}:net", EvaluateSettings(dataset="digits"), machine)


@pytest.fixture
def versions(tmp_path):
    """Two folders with files of the same names: a module and a package that they import differ."""
    for number, folder in enumerate(("old", "new")):
        (tmp_path / folder / "parts").mkdir(parents=True)
        (tmp_path / folder / "parts" / "sizes.py").write_text(f"CLASSES = {10 + number}\n")
        (tmp_path / folder / "layers.py").write_text(f"SLOPE = {number}\n")
        (tmp_path / folder / "versioned.py").write_text(
            "import json\nfrom torch import nn\nfrom layers import SLOPE\nfrom parts.sizes import CLASSES\n"
            "def net():\n    return nn.Sequential(nn.Linear(4, CLASSES), nn.LeakyReLU(SLOPE))\n"
        )
    return tmp_path


def test_two_files_of_one_name_import_what_lies_beside_each(versions):
    found = [own_model(f"{versions}/{folder}/versioned.py:net", "cpu") for folder in ("old", "new", "old")]
    assert [(len(net[0].bias), net[1].negative_slope) for net in found] == [(10, 0), (11, 1), (10, 0)]


def test_only_what_lies_beside_a_file_is_forgotten(versions):
    import json

    for folder in ("old", "new"):
        own_model(f"{versions}/{folder}/versioned.py:net", "cpu")
        assert sys.modules["json"] is json
