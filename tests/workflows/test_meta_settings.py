import json

import pytest

from rcnas_zoo.search.rcnas.meta import meta_agent
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.meta_settings import MetaTrainSettings, meta_settings


def test_the_defaults_are_the_papers_counts():
    settings = MetaTrainSettings()
    assert (settings.iterations, settings.meta.agent.steps) == (100, 5)
    assert settings.meta.agent == meta_agent(100)


def test_what_is_asked_of_the_agent_goes_over_what_suits_the_iterations():
    settings = meta_settings({"steps": 3, "lips": False}, True, iterations=2000)
    assert settings.meta.agent == meta_agent(2000, steps=3, lips=False, annealing=15)
    assert meta_settings({}, False).meta.agent.annealing == 0


def test_settings_are_plain_json_data_with_every_option_of_the_agent():
    data = meta_settings({"steps": 3}).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data["agent"]["steps"], data["agent"]["baseline"], "agent_changes" in data) == (3, "leave-one-out", False)


@pytest.mark.parametrize(
    ("agent", "fields", "message"),
    [
        ({}, {"iterations": 0}, "the iterations must be at least 1"),
        ({}, {"seed": -1}, "the seed must be at least 0"),
        ({}, {"search_epochs": -1}, "the search epochs must be at least 0"),
        ({}, {"precision": "float8"}, "the precision must be one of"),
        ({}, {"students_enter": 1}, "whether students enter the buffer must be true or false"),
        ({"steps": 1}, {}, "leave-one-out must have at least 2 steps, got 1; take ema"),
        ({"baseline": "mean"}, {}, "the baseline must be one of"),
    ],
)
def test_settings_that_cannot_be_are_refused(agent, fields, message):
    with pytest.raises(InvalidInput, match=message):
        meta_settings(agent, **fields)
