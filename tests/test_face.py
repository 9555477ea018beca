import pytest
import torch

import rcnas_zoo
from rcnas_zoo.evaluation.evaluate import evaluate as evaluate_model
from rcnas_zoo.networks.build import build as build_network
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.version import VERSION
from rcnas_zoo.workflows.finetune import finetune as run_finetune
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.workflows.train import train as run_train
from rcnas_zoo.zoo.registry import publish
from rcnas_zoo.zoo.writing import write_entry

SPEC = named_spec("wrn-10-1", InputSpec((1, 8, 8)))
TASK = Task.parse("digits/pgd-20/wrn-16-2/2m")


@pytest.fixture
def entry(tmp_path):
    return write_entry(tmp_path / "mine", SPEC, new_record("mine", SPEC), build_network(SPEC, seed=3).state_dict())


@pytest.fixture
def asked(monkeypatch):
    """What the workflows are asked for; none of them runs."""
    calls = []
    for name, workflow in {"finetune.finetune": run_finetune, "train.train": run_train}.items():
        monkeypatch.setattr(f"rcnas_zoo.workflows.{name}", lambda *given, made=workflow: calls.append(given) or made)
    return calls


def test_the_package_offers_its_names_and_no_others():
    assert dir(rcnas_zoo) == sorted(rcnas_zoo.__all__)
    assert all(getattr(rcnas_zoo, name) is not None for name in rcnas_zoo.__all__)
    with pytest.raises(AttributeError, match="module 'rcnas_zoo' has no attribute 'lod'"):
        rcnas_zoo.lod  # noqa: B018


def test_the_words_are_those_of_the_ground_floor():
    words = (rcnas_zoo.Budget, rcnas_zoo.NetworkSpec, rcnas_zoo.Task, rcnas_zoo.ThreatModel)
    assert words == (Budget, NetworkSpec, Task, ThreatModel)
    assert rcnas_zoo.__version__ == VERSION


def test_a_star_import_gives_every_name():
    names = {}
    exec("from rcnas_zoo import *", names)
    assert set(rcnas_zoo.__all__) <= names.keys()


def test_a_network_is_built_from_its_json():
    network = rcnas_zoo.build(rcnas_zoo.NetworkSpec.from_json(SPEC.to_json()), seed=3)
    expected = build_network(SPEC, seed=3).state_dict()
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in expected.items())
    assert not network.training


def test_a_network_is_loaded_from_a_folder_and_by_its_name(entry, store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    publish(entry.folder, "robust-mine", store)
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    expected = build_network(SPEC, seed=3)(images)
    for name in (str(entry.folder), "robust-mine", "robust-mine@champion", "robust-mine:1"):
        network = rcnas_zoo.load(name, device="cpu")
        assert torch.equal(network(images), expected)
        assert not network.training
    with pytest.raises(NotFound, match="must be in the registry"):
        rcnas_zoo.load("robust-other")
    with pytest.raises(InvalidInput, match="a device must be one of"):
        rcnas_zoo.load(str(entry.folder), device="gpu")


def test_a_model_of_ones_own_is_evaluated():
    model = build_network(SPEC, seed=3)
    images = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    labels = model(images).argmax(1)
    report = rcnas_zoo.evaluate(model, images, labels, attacks=["pgd-2"], threat="linf@1/5", seed=4)
    again = evaluate_model(model, images, labels, attacks=["pgd-2"], threat="linf@1/5", seed=4)
    assert report.clean_accuracy == 1
    assert torch.equal(report.verdicts["pgd-2"], again.verdicts["pgd-2"])
    assert report.threat == ThreatModel.parse("linf@1/5")


@pytest.mark.parametrize("task", [TASK, str(TASK)])
def test_a_search_is_asked_for_with_its_settings(task, asked):
    machine = Machine(workers=1)
    rcnas_zoo.finetune(task, iterations=3, seed=5, machine=machine, compare=("random",))
    ((got, settings, where),) = asked
    assert (got, where) == (TASK, machine)
    assert (settings.iterations, settings.seed, settings.compare) == (3, 5, ("random",))
    assert settings == FinetuneSettings(iterations=3, seed=5, compare=("random",))


def test_a_search_may_be_given_its_agent_whole(asked):
    rcnas_zoo.finetune(TASK, policy="folder", agent=RcnasSettings(steps=2))
    assert (asked[0][1].policy, asked[0][1].agent) == ("folder", RcnasSettings(steps=2))


def test_a_training_is_asked_for_with_its_settings(asked, tmp_path):
    rcnas_zoo.train("wrn-10-1", "digits", str(tmp_path / "mine"), epochs=2, objective="sat")
    ((network, dataset, to, settings, machine),) = asked
    assert (network, dataset, to, machine) == ("wrn-10-1", "digits", tmp_path / "mine", None)
    assert (settings.epochs, settings.objective) == (2, "sat")


def test_what_was_typed_wrongly_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="a task must be dataset/attack/teacher/budget"):
        rcnas_zoo.finetune("digits/2m")
    with pytest.raises(InvalidInput, match="the epochs must be at least 0"):
        rcnas_zoo.train("wrn-10-1", "digits", tmp_path / "mine", epochs=-1)
