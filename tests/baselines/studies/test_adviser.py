import optuna
import pytest

from rcnas_zoo.baselines.studies.adviser import Adviser
from tests.baselines.studies.worker import plan_of

LEVELS = optuna.distributions.FloatDistribution(0, 1)
STATES = optuna.trial.TrialState


def trial(x, state=STATES.COMPLETE, values=None, reports=None, notes=None):
    return optuna.trial.create_trial(
        state=state,
        values=values if values is not None or state is not STATES.COMPLETE else [1 - abs(x - 0.3)],
        params={"x": x, "y": (7 * x) % 1},
        distributions={"x": LEVELS, "y": LEVELS},
        intermediate_values=reports,
        system_attrs=notes,
    )


KNOWN = [trial(number / 20) for number in range(20)]


def ask(plan, number, known):
    adviser = Adviser(plan, number, known)
    return [adviser.suggest("float", name, 0, 1)[0] for name in ("x", "y")], adviser.notes


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
def test_the_same_trial_is_advised_the_same_and_another_differently(sampler, tmp_path):
    plan = plan_of(tmp_path, sampler=sampler)
    assert ask(plan, 20, KNOWN) == ask(plan, 20, KNOWN)
    assert ask(plan, 20, KNOWN) != ask(plan, 21, KNOWN)
    assert ask(plan, 20, KNOWN) != ask(plan_of(tmp_path, sampler=sampler, seed=1), 20, KNOWN)


def test_a_parameter_asked_for_again_is_the_same(tmp_path):
    adviser = Adviser(plan_of(tmp_path), 0, [])
    assert adviser.suggest("int", "n", 1, 1000)[0] == adviser.suggest("int", "n", 1, 1000)[0]


def test_tpe_looks_near_the_best_of_the_known(tmp_path):
    advised = [ask(plan_of(tmp_path), number, KNOWN)[0][0] for number in range(20, 40)]
    chance = [ask(plan_of(tmp_path, sampler="random"), number, KNOWN)[0][0] for number in range(20, 40)]
    assert sum(abs(x - 0.3) for x in advised) < sum(abs(x - 0.3) for x in chance) / 2


def test_nsga2_mates_the_first_generation_when_it_is_whole(tmp_path):
    plan = plan_of(tmp_path, sampler="nsga2", directions=("maximize", "minimize"))
    first = [trial(number / 8, values=[1.0, 2.0], notes={"NSGAIISampler:generation": 0}) for number in range(8)]
    (_, notes), (_, young) = ask(plan, 8, first), ask(plan, 7, first[:7])
    generation = {name: value for name, value in notes.items() if name.endswith("generation")}
    assert list(generation.values()) == [1]
    assert [young[name] for name in generation] == [0]
    parents = {one.params["x"] for one in first}
    inherited = [ask(plan, number, first)[0][0] in parents for number in range(8, 28)]
    assert any(inherited)


@pytest.mark.parametrize("sampler", ["tpe", "random", "nsga2"])
@pytest.mark.parametrize("directions", [("maximize",), ("minimize",), ("maximize", "minimize")])
def test_stopped_and_failed_trials_are_told_whatever_the_directions(sampler, directions, tmp_path):
    values = [0.5] * len(directions)
    known = [trial(number / 20, values=values) for number in range(8)]
    known += [trial(0.5, STATES.PRUNED, reports={1: 0.1}), trial(0.6, STATES.FAIL)] * 4
    ask(plan_of(tmp_path, sampler=sampler, directions=directions), len(known), known)
