import pytest
import torch

from rcnas_zoo.search.rcnas.actor import Actor, policy_part
from rcnas_zoo.search.rcnas.features import task_features, teacher_pattern
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.errors import InvalidInput
from tests.search.formula import LIPS
from tests.search.rcnas.conftest import QUICK


@pytest.fixture
def situation(problem, make_actor):
    """States and pattern of the digits task; the encoder is the same for every actor."""
    teacher = problem.teacher
    features = task_features(teacher.spec, LIPS, teacher.macs, problem.budget)
    return make_actor().states(features), teacher_pattern(teacher.spec)


def learn(actor, situation, advantages, seed=0):
    """One update from drawn actions."""
    generator = torch.Generator().manual_seed(seed)
    distribution = actor.distribution(*situation)
    actions = torch.stack([distribution.sample(generator) for _ in advantages]).detach()
    actor.learn(distribution, actions, torch.tensor(advantages))
    return actions


def test_an_action_with_a_positive_advantage_becomes_likelier_and_a_negative_one_less_likely(make_actor, situation):
    actor = make_actor(learning_rate=1e-3, entropy=0.0)
    before = actor.distribution(*situation)
    good, bad = learn(actor, situation, [1.0, -1.0])
    after = actor.distribution(*situation)
    gain = (after.log_prob(good) - after.log_prob(bad)) - (before.log_prob(good) - before.log_prob(bad))
    assert gain.item() > 0
    assert actor.iteration == 1


def test_the_gradient_is_that_of_log_probability_times_advantage(make_actor, situation):
    actor = make_actor(normalise=False, entropy=0.0, gradient_clip=1e9, learning_rate=0.0)
    distribution = actor.distribution(*situation)
    actions = distribution.sample(torch.Generator().manual_seed(0)).detach()[None]
    actor.learn(distribution, actions, torch.tensor([2.0]))
    head = dict(actor._policy.named_parameters())["gaussian.bias"]
    found = distribution.at(torch.tensor(1.0))
    # d log N / d mean = (alpha - mean) / sigma^2, summed over the stages that share the head.
    expected = 2.0 * ((actions[0, :, :2] - found.mean) / (2 * found.log_std).exp()).sum(0)
    torch.testing.assert_close(-head.grad[:2], expected.detach())


def test_the_entropy_bonus_widens_the_policy(make_actor, situation):
    actor = make_actor(entropy=1.0)
    before = actor.distribution(*situation).entropy()
    learn(actor, situation, [0.0, 0.0])
    assert actor.distribution(*situation).entropy() > before


def test_the_encoder_stays_frozen(make_actor, situation):
    actor = make_actor()
    before = actor.state()
    learn(actor, situation, [1.0, -1.0])
    after = actor.state()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"policy", "actor"}


def test_a_restored_actor_learns_exactly_as_the_first(make_actor, situation):
    first, second = make_actor(), make_actor()
    for seed in range(3):
        learn(first, situation, [1.0, -0.5], seed)
    second.restore(first.state())
    for actor in (first, second):
        learn(actor, situation, [0.3, -2.0], 9)
    ours, theirs = first.state(), second.state()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_state_is_a_copy(make_actor, situation):
    actor = make_actor()
    learn(actor, situation, [1.0, -1.0])
    state = actor.state()
    kept = {name: tensor.clone() for name, tensor in state.items()}
    learn(actor, situation, [1.0, -1.0])
    assert all(torch.equal(state[name], kept[name]) for name in kept)


def test_a_policy_is_taken_over_without_the_optimiser(make_actor, situation):
    teacher = make_actor()
    learn(teacher, situation, [1.0, -1.0])
    pupil = Actor.from_policy(RcnasSettings(), 3, policy_part(teacher.state()))
    torch.testing.assert_close(pupil.distribution(*situation).mean, teacher.distribution(*situation).mean)
    assert pupil.iteration == 0
    assert not any(name.startswith("optimiser") for name in pupil.state())


def test_the_policy_to_share_is_encoder_and_policy_alone(make_actor, situation):
    actor = make_actor()
    learn(actor, situation, [1.0, -1.0])
    assert {name.split(".")[0] for name in policy_part(actor.state())} == {"encoder", "policy"}


def test_the_same_seed_gives_the_same_fresh_actor_and_reports_its_encoder():
    settings = RcnasSettings(**QUICK)
    first, again, other = (Actor.fresh(settings, 3, seed) for seed in (0, 0, 1))
    states = [policy_part(actor.state()) for actor in (first, again, other)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert any(not torch.equal(value, states[2][name]) for name, value in states[0].items())
    assert first.r_squared == again.r_squared


def test_a_policy_of_another_size_is_refused(knowledge):
    with pytest.raises(InvalidInput, match="the encoder of a policy must fit the agent's settings: size mismatch"):
        Actor.from_policy(RcnasSettings(hidden_size=47), 3, knowledge)
    with pytest.raises(InvalidInput, match=r"a policy must fit the agent's settings: size mismatch for gaussian.bias"):
        Actor.from_policy(RcnasSettings(), 3, {**knowledge, "policy.gaussian.bias": torch.zeros(5)})


def test_a_policy_for_another_number_of_stages_is_refused_when_each_has_its_own_mlp(knowledge):
    with pytest.raises(InvalidInput, match="the encoder of a policy must fit the agent's settings: Missing key"):
        Actor.from_policy(RcnasSettings(stage_mlp="per-stage"), 3, knowledge)
