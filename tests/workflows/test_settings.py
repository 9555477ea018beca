import json
from dataclasses import replace

import pytest

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, RcnasSettings
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.settings import FinetuneSettings, cold_agent, finetune_settings, with_epochs


def test_the_visits_are_iterations_times_steps():
    assert FinetuneSettings().visits == 10
    assert finetune_settings({"steps": 3}, iterations=4).visits == 12


def test_what_is_asked_of_the_agent_goes_over_what_suits_its_policy():
    asked = finetune_settings({"lips": False})
    assert asked.agent_for(RcnasSettings()) == RcnasSettings(lips=False)
    assert asked.agent_for(FINE_TUNING) == replace(FINE_TUNING, lips=False)
    whole = FinetuneSettings(agent=RcnasSettings(tries=7))
    assert whole.agent_for(FINE_TUNING) == RcnasSettings(tries=7)


def test_a_cold_agent_beside_a_warm_one_differs_in_its_defaults_alone():
    changed = {"lips": False, "steps": 2, "baseline": "leave-one-out", "lstm_size": 8}
    assert cold_agent(FINE_TUNING) == RcnasSettings()
    assert cold_agent(finetune_settings(changed).agent_for(FINE_TUNING)) == RcnasSettings(**changed)


@pytest.mark.parametrize(("switch", "length"), [(True, 15), (False, 0), (None, 0)])
def test_the_annealing_switch_means_the_schedule_of_n2n(switch, length):
    assert finetune_settings({}, switch).agent_for(RcnasSettings()).annealing == length


def test_options_of_the_reward_reach_it_and_the_rest_keeps_its_default():
    changed = {"c_metric": "macs", "form": "accuracy", "tie_break": False}
    assert finetune_settings({}, reward=changed).reward == RewardSettings(**changed)
    assert finetune_settings({}).reward == finetune_settings({}, reward={}).reward == RewardSettings()


def test_settings_are_plain_json_data():
    settings = finetune_settings({"steps": 2}, True, threat=ThreatModel.parse("linf@1/10"), compare=("random",))
    data = settings.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data["threat"], data["compare"], data["agent"]) == ("linf@1/10", ["random"], None)
    assert data["agent_changes"] == {"steps": 2, "annealing": 15}
    assert FinetuneSettings(agent=RcnasSettings(steps=3)).to_dict()["agent"]["steps"] == 3


def test_epochs_replace_those_of_the_recipe_and_zero_leaves_them():
    assert with_epochs(TrainingRecipe(), 3).epochs == 3
    assert with_epochs(TrainingRecipe(), 0) == TrainingRecipe()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iterations": 0}, "the iterations must be at least 1 .*got 0"),
        ({"seed": -1}, "the seed must be at least 0"),
        ({"subset_samples": 0}, "the subset for AutoAttack must be at least 1"),
        ({"search_epochs": -1}, "the search epochs must be at least 0"),
        ({"agent_changes": {"steps": 0}}, "steps must be at least 1"),
        ({"final_epochs": -1}, "the final epochs must be at least 0"),
        ({"compare": ("teachers",)}, r"a row to compare with must be .*did you mean 'teacher'\?"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        FinetuneSettings(**change)
