"""The search for attacks: repeatable, at least as strong as PGD, and quiet."""

import json

import pytest
import torch

from rcnas_zoo.attacks.attack_search import AttackSearch
from rcnas_zoo.attacks.attack_space import build
from rcnas_zoo.attacks.attack_trials import SearchEffort
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel

SHORT = SearchEffort(attacks=2, trials=10, images=30, random_trials=5, passes=240)
TINY = SearchEffort(attacks=2, trials=12, images=10, random_trials=3, passes=30)


def search(threat="linf@1/8", effort=TINY):
    return AttackSearch("a3-search", make_ball(ThreatModel.parse(threat), 0.0, 1.0), 4, effort)


def fitted(attack, trained, seed=0):
    return attack.fitted(*trained, torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def sequence(trained):
    return fitted(search(), trained)


def test_the_same_seed_finds_the_same_attacks(sequence, trained):
    assert fitted(search(), trained).settings == sequence.settings
    assert fitted(search(), trained, seed=1).settings != sequence.settings


@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
def test_what_it_finds_is_at_least_as_strong_as_pgd(threat, trained):
    model, images, labels = trained
    right = {}
    for attack in (
        fitted(search(threat, SHORT), trained),
        make_attack(AttackName("pgd", 20), ThreatModel.parse(threat), 4),
    ):
        found = attack.perturb(model, images, labels, torch.Generator().manual_seed(0))
        assert attack.ball.excess(found, images) < 1e-6
        right[attack.name] = int(is_right(model, found, labels).sum())
    assert 40 < right["a3-search"] <= right["pgd-20"] < 180


def test_the_configurations_are_plain_and_can_be_built_again(sequence):
    settings = json.loads(json.dumps(sequence.settings, allow_nan=False))
    assert settings == sequence.settings
    assert len(settings["configurations"]) == 2
    parts = [build(configuration, sequence.ball) for configuration in settings["configurations"]]
    for part, told in zip(parts, settings["parts"], strict=True):
        assert {**part.settings, **told} == part.settings
    assert settings["search"]["trials"] == 12
    assert (sequence.name, settings["attack"]) == ("a3-search", "a3-search")


def test_without_fitting_it_searches_on_the_batch(trained):
    model, images, labels = trained
    images, labels = images[:20], labels[:20]
    found = [search().perturb(model, images, labels, torch.Generator().manual_seed(5)) for _ in range(2)]
    assert torch.equal(*found)
    assert 0 < int(is_right(model, found[0], labels).sum()) < int(is_right(model, images, labels).sum())


def test_to_the_end_lasts_through_the_fitting(trained):
    effort = SearchEffort(attacks=1, trials=2, images=10, passes=30)
    attack = fitted(search(effort=effort).to_the_end(), trained)
    assert not attack.stops_early
    assert attack.settings["result"] == "last iterate"


def test_where_nothing_stands_the_sequence_ends(trained):
    model, images, labels = trained
    effort = SearchEffort(attacks=3, trials=2, images=10, passes=30)
    wrong = (labels + 1) % 4
    nothing = search(effort=effort).fitted(model, images, wrong * 0 + 9, torch.Generator().manual_seed(0))
    assert nothing.settings["configurations"] == nothing.settings["parts"] == []
    assert torch.equal(nothing.perturb(model, images[:4], labels[:4], torch.Generator()), images[:4])
    # A ball in which the first attack breaks everything.
    short = search("linf@1", SearchEffort(attacks=3, trials=8, images=20, passes=90))
    assert len(fitted(short, trained).settings["configurations"]) == 1


def test_it_changes_neither_the_model_nor_the_world(trained):
    import optuna

    model = trained[0].train()
    try:
        state, verbosity = torch.get_rng_state(), optuna.logging.get_verbosity()
        fitted(search(effort=SearchEffort(attacks=1, trials=2, images=10, passes=30)), trained)
        assert all(module.training for module in model.modules())
        assert torch.equal(torch.get_rng_state(), state)
        assert optuna.logging.get_verbosity() == verbosity
    finally:
        model.eval()


def test_it_says_nothing(trained, capfd):
    fitted(search(effort=SearchEffort(attacks=1, trials=2, images=10, passes=30)), trained)
    assert capfd.readouterr() == ("", "")
