from dataclasses import replace

import pytest
import torch

from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.settings import FINE_TUNING, PRINTED, RcnasSettings
from rcnas_zoo.search.rcnas.tensors import prefixed
from rcnas_zoo.search.registry import WARM
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.workflows.agents import Agent
from rcnas_zoo.workflows.rivals import check_rivals, rival_method, rivals_of
from rcnas_zoo.workflows.settings import RIVALS, FinetuneSettings
from tests.search.experience import small_knowledge

from .quick import QUICK_AGENT

POSED = PosedTask.parse("digits/pgd-20/wrn-16-2/2m linf@1/5")
TEACHER = teacher_spec(POSED.task.teacher, InputSpec((1, 8, 8)), 10)
POLICY = policy_part(Actor.fresh(QUICK_AGENT, 3).state())


def check(agent, *compare, teacher=TEACHER):
    check_rivals(FinetuneSettings(compare=compare), agent, POSED, teacher)


def test_the_rivals_are_those_asked_for_once_each_and_in_a_fixed_order():
    asked = FinetuneSettings(compare=("tpe", "teacher", "random", "robustresnet", "r-nas", "tpe"))
    assert rivals_of(asked) == ["r-nas", "random", "tpe"]


def test_a_rival_gets_the_visits_the_seed_and_the_step_of_the_agent_and_chance_all_at_once():
    settings, agent = FinetuneSettings(iterations=4, seed=7, agent_changes={"steps": 3}), Agent(RcnasSettings(steps=3))
    methods = [rival_method(name, settings, agent) for name in RIVALS]
    assert [method.name for method in methods] == list(RIVALS)
    assert {(method.evaluations, method.seed) for method in methods} == {(12, 7)}
    assert {method.batch for method in methods if method.name != "random"} == {3}
    assert rival_method("random", settings, agent).batch == 12


def test_warm_rivals_alone_get_the_policy():
    agent = Agent(RcnasSettings(), POLICY)
    given = {name for name in RIVALS if rival_method(name, FinetuneSettings(), agent).knowledge is not None}
    assert given == WARM - {"rc-nas"}


def test_the_printed_agent_has_the_sizes_of_the_policy_and_is_else_as_printed():
    small = replace(FINE_TUNING, lstm_size=8, steps=2, entropy=0.5)
    options = rival_method("rc-nas-paper", FinetuneSettings(), Agent(small, POLICY)).agent
    assert options == replace(PRINTED, lstm_size=8, steps=2)


def test_without_a_policy_those_that_need_one_are_refused_in_one_line_that_names_them():
    with pytest.raises(InvalidInput) as caught:
        check(Agent(RcnasSettings()), "tpe", "tpe-warm", "portfolio", "rc-nas-paper")
    assert str(caught.value) == (
        "a run to compare with rc-nas-paper, tpe-warm, portfolio must have a policy, got none; give --policy, or leave "
        "rc-nas-paper, tpe-warm, portfolio out of --compare"
    )
    check(Agent(RcnasSettings()), *(set(RIVALS) - WARM - {"r-nas"}))


@pytest.mark.parametrize("name", ["surrogate", "tpe-warm", "portfolio"])
def test_a_policy_without_evaluations_is_refused_by_those_that_learn_from_them(name):
    check(Agent(QUICK_AGENT, {**POLICY, **prefixed("paper", POLICY)}), "rc-nas-paper", "r-nas")
    with pytest.raises(InvalidInput, match=f"the method {name} must have a policy with the evaluations"):
        check(Agent(QUICK_AGENT, POLICY), name)
    check(Agent(QUICK_AGENT, {**POLICY, **small_knowledge().experience.tensors()}), name)


def test_a_policy_whose_weights_do_not_fit_is_refused():
    broken = {name: tensor if name.startswith("encoder") else torch.zeros(1) for name, tensor in POLICY.items()}
    with pytest.raises(InvalidInput, match="a policy"):
        check(Agent(QUICK_AGENT, prefixed("paper", broken)), "rc-nas-paper")


def test_a_policy_that_was_not_trained_as_printed_is_refused_by_the_printed_agent():
    with pytest.raises(InvalidInput, match="meta-trained as the paper prints it, got one without"):
        check(Agent(QUICK_AGENT, POLICY), "rc-nas-paper")
