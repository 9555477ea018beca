import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.attacks.adaptive_directions import Lean, Votes, choose_lean, draw_weights


def rankings(labels, classes):
    """Wrong classes of each label, in order of their numbers."""
    return torch.tensor([[k for k in range(classes) if k != label] for label in labels.tolist()])


@given(
    classes=st.integers(2, 120),
    turn=st.integers(0, 400),
    targets=st.integers(1, 20),
    target=st.sampled_from([-0.8, 0.8]),
    seed=st.integers(0, 2**62),
)
def test_a_lean_sets_the_right_class_and_the_target_and_leaves_the_others(classes, turn, targets, target, seed):
    labels = torch.arange(5) % classes
    ranking, seeds = rankings(labels, classes), range(seed, seed + 5)
    free = draw_weights(labels, ranking, seeds, None, turn)
    led = draw_weights(labels, ranking, seeds, Lean((-0.5, 0.1), target, targets), turn)
    assert free.shape == led.shape == (5, classes)
    assert free.abs().max() <= 1
    scale = max(1, classes / 10)
    for i, label in enumerate(labels.tolist()):
        aim = int(ranking[i, turn % min(targets, classes - 1)])
        assert led[i, aim].item() == pytest.approx(scale * target)
        assert -0.5 * scale - 1e-5 <= led[i, label].item() <= 0.1 * scale + 1e-5
        others = [k for k in range(classes) if k not in (aim, label)]
        assert torch.equal(led[i, others], free[i, others])


def test_each_image_draws_from_its_own_seed():
    labels = torch.tensor([0, 1, 2])
    ranking = rankings(labels, 4)
    lean = Lean((-0.1, 0.5), 0.8, 3)
    together = draw_weights(labels, ranking, [7, 8, 9], lean, 1)
    for i in range(3):
        assert torch.equal(draw_weights(labels[i : i + 1], ranking[i : i + 1], [7 + i], lean, 1)[0], together[i])
    assert len({row[3].item() for row in together}) == 3


def test_weights_fill_their_bounds():
    labels = torch.zeros(4000, dtype=torch.int64)
    weights = draw_weights(labels, rankings(labels, 3), range(4000), Lean((-0.1, 0.5), 0.8, 1), 0)
    for column, low, high in ((0, -0.1, 0.5), (2, -1, 1)):
        assert weights[:, column].mean().item() == pytest.approx((low + high) / 2, abs=0.03)
        assert weights[:, column].std().item() == pytest.approx((high - low) / 12**0.5, rel=0.05)


# The authors' four cases, in the order of their code: signs of the sums of target and right weights -> what follows.
@pytest.mark.parametrize(
    ("target", "right", "bounds", "weight"),
    [
        (1, 1, (-0.1, 0.5), 0.8),
        (-1, 1, (-0.1, 0.5), -0.8),
        (-1, -1, (-0.5, 0.1), -0.8),
        (1, -1, (-0.5, 0.1), 0.8),
        (0, 0, (-0.5, 0.1), 0.8),
    ],
)
def test_votes_choose_the_signs(target, right, bounds, weight):
    votes = Votes()
    weights = torch.tensor([[2.0 * right, 0.3, 2.0 * target], [0.3, -right, -target]])
    votes.count(weights, torch.tensor([0, 1]), torch.tensor([2, 2]))
    votes.count(weights[:0], torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64))
    assert (votes.right, votes.target) == (right, target)
    assert choose_lean("voted", votes, 10) == Lean(bounds, weight, 9)


@pytest.mark.parametrize(("classes", "cycle", "closing"), [(2, 9, 4), (10, 9, 4), (100, 14, 14), (1000, 20, 20)])
def test_the_targets_are_as_many_as_the_authors_take(classes, cycle, closing):
    leans = {name: choose_lean(name, Votes(1.0, -1.0), classes) for name in ("voted", "closing", "easy")}
    assert [lean.targets for lean in leans.values()] == [cycle, closing, cycle]
    assert leans["closing"].right == (-0.8, 0.1)
    assert leans["voted"] == (Lean((-0.5, 0.1), 0.8, cycle) if classes >= 100 else Lean((-0.1, 0.5), -0.8, cycle))
    assert choose_lean("easy-closing", Votes(), classes) == Lean((0.0, 0.0), 0.8, cycle)
    assert choose_lean("free", Votes(), classes) is None
