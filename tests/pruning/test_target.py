import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.pruning.target import largest
from rcnas_zoo.spec.errors import InvalidInput

from .problems import SPEC, recipe, target

WHOLE = cost(SPEC).macs


@pytest.mark.parametrize("structure", ["weights", "channels"])
@pytest.mark.parametrize("share", [0.1, 0.4, 0.9])
def test_a_budget_is_met_and_nearly_used_up(structure, share):
    budget = int(share * WHOLE)
    aim = target(recipe("hydra", structure=structure, macs=budget))
    found = cost(aim.pruned(aim.uniform())).macs
    assert found <= budget
    more = cost(aim.pruned(aim.uniform(min(1.0, aim.share + 1 / 7)))).macs
    assert more > budget


def test_a_kept_share_of_weights_is_a_share_of_the_macs():
    aim = target(recipe("hydra", macs=WHOLE // 4))
    assert aim.share == pytest.approx(0.25, rel=0.02)
    assert aim.uniform() == {
        layer.name: layer.weights - int((1 - aim.share) * layer.weights) for layer in layers_of(SPEC)
    }


@pytest.mark.parametrize("structure", ["weights", "channels"])
@pytest.mark.parametrize("budget", [1, WHOLE, 10 * WHOLE])
def test_a_budget_that_cannot_be_met_or_prunes_nothing_is_refused(structure, budget):
    with pytest.raises(InvalidInput, match="budget of a pruning"):
        target(recipe("hydra", structure=structure, macs=budget))


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_largest_that_fits_is_found(limit, low):
    found = largest(lambda value: value <= limit, low, 1.0)
    assert found == pytest.approx(max(limit, low), abs=1e-12)
