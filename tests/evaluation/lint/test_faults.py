"""The evidence: flags find the faults that were seeded, and nothing in networks that are sound."""

import pytest
import torch

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.flags import model_flags
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.lint.checks import lint_flags
from rcnas_zoo.spec.threat import ThreatModel
from tests.evaluation.lint.faults import FAULTS, Case, Ground
from tests.evaluation.lint.sound import Digits, sound_networks

THREAT = ThreatModel.parse("linf@1/5")
SOUND = (
    "linear",
    "confident mlp",
    "robust mlp",
    "pooling mlp",
    "cnn",
    "another cnn",
    "cnn of log-probabilities",
    "normalised cnn",
    "robust cnn",
    "wrn-10-1",
    "robust-2m",
)


@pytest.fixture(scope="module")
def ground():
    data = Digits.read()
    return Ground(sound_networks(data), data)


def flags_of(case: Case, threat: ThreatModel = THREAT) -> list[str]:
    torch.manual_seed(0)
    with untouched(case.model):
        examples = check_inputs(case.model, case.images, case.labels)
        free = model_flags(case.model, *next(examples.batches(250)))
        return [*free, *lint_flags(case.model, examples, threat)]


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_named(name, ground):
    make, expected = FAULTS[name]
    found = flags_of(make(ground))
    assert expected in [flag.split(":")[0] for flag in found]
    assert all(": " in flag and "\n" not in flag and any(sign.isdigit() for sign in flag) for flag in found)


def test_at_least_twenty_different_faults_are_seeded():
    assert len({make for make, _ in FAULTS.values()}) >= 20


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_network_has_no_flag(name, ground):
    assert flags_of(ground.with_model(ground.networks[name])) == []


@pytest.mark.parametrize("threat", ["linf@1/20", "l2@1"])
@pytest.mark.parametrize("name", ["confident mlp", "normalised cnn", "robust cnn"])
def test_a_sound_network_has_no_flag_under_another_threat(name, threat, ground):
    assert flags_of(ground.with_model(ground.networks[name]), ThreatModel.parse(threat)) == []


def test_the_sound_networks_are_many_and_worth_the_name(ground):
    assert set(SOUND) == set(ground.networks)
    assert len(SOUND) >= 10
    for network in ground.networks.values():
        answers = network(ground.data.test_images).argmax(1)
        assert (answers == ground.data.test_labels).float().mean() > 0.8
