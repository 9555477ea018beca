from rcnas_zoo.baselines.lint import row_contradictions, seed_contradictions
from rcnas_zoo.baselines.rows import Row
from tests.baselines.tables import BUDGET, curve_of, result_of, row_of, whole_table


def test_an_attack_on_all_images_may_lie_below_one_on_a_subset():
    same = {"pgd-20": 0.5, "autoattack": 0.5}
    result = result_of(0, 0.3, same_images=same)
    assert result.attacks["cw-40"] == 0.3
    assert list(seed_contradictions(result)) == []


def test_on_the_same_images_none_may_beat_autoattack_but_those_that_claim_to():
    same = {"pgd-20": 0.5, "a3": 0.4, "cw-40": 0.55, "autoattack": 0.51}
    assert list(seed_contradictions(result_of(0, 0.5, same_images=same))) == [
        "autoattack-above-pgd-20: 0.5100 under autoattack, 0.5000 under pgd-20"
    ]


def test_a_wider_ball_may_not_leave_more_images_standing():
    result = result_of(0, 0.5, **{**curve_of(0.6, 0.5, 0.5), "radii_alone": curve_of(0.6, 0.5, 0.52)["radii"]})
    assert list(seed_contradictions(result)) == [
        "wider-is-weaker: 0.5000 under the curve's attack at the radius 1/5, 0.5200 at 3/10"
    ]


def test_radii_are_compared_by_size_and_not_in_the_order_of_their_names():
    alone = {"linf@1/5": 0.4, "linf@1/10": 0.6, "linf@3/20": 0.5}
    assert list(seed_contradictions(result_of(0, 0.5, radii=alone, radii_alone=alone))) == []


def test_every_network_of_a_table_is_looked_at_and_named():
    assert row_contradictions(whole_table().rows) == []
    bad = row_of("sat", [0.5, 0.6], same_images={"pgd-20": 0.1, "autoattack": 0.2})
    found = row_contradictions([row_of("tpe", [0.5]), Row("hydra", BUDGET, infeasible="no"), bad])
    assert [line.partition(": ")[0] for line in found] == ["sat, seed 0", "sat, seed 1"]
