import torch

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, Recorder

BALL = make_ball(ThreatModel.parse("linf@1/5"), 0.0, 1.0)
IMAGES = torch.linspace(0.32, 0.92, 7).view(7, 1, 1, 1).clone()


def brightness():
    """Class 0 above one half, class 1 above a quarter, else class 2; and how far from it, in logits."""
    return Linear(torch.tensor([[2.0], [1.0], [0.0]]), torch.tensor([-0.75, -0.25, 0.0]))


def hunt(engine=None, **more):
    model = brightness()
    return Hunt(Victim(model, engine), BALL, IMAGES, model(IMAGES).argmax(1), **more)


def test_an_image_that_is_broken_leaves_with_the_point_that_broke_it():
    game = hunt()
    assert game.labels.tolist() == [1, 1, 0, 0, 0, 0, 0]
    points = game.centres - 0.15
    assert game.strike(points).tolist() == [False, True, False, False, True, True, True]
    assert game.numbers.tolist() == [1, 4, 5, 6]
    assert torch.equal(game.centres, IMAGES[[1, 4, 5, 6]])
    assert torch.equal(game.found[[0, 2, 3]], points[[0, 2, 3]])
    assert torch.equal(game.found[[1, 4, 5, 6]], IMAGES[[1, 4, 5, 6]])


def test_points_outside_the_ball_are_judged_inside_it():
    game = hunt()
    game.strike(game.centres - 0.5)
    assert game.numbers.tolist() == [4, 5, 6]
    assert BALL.excess(game.found, IMAGES) < 1e-6


def test_what_the_engine_takes_for_wrong_is_shown_to_the_model_which_decides():
    recorder = Recorder(brightness())
    game = hunt(engine=lambda images: recorder.model(images - 0.15))
    game.victim = Victim(recorder, game.victim.engine)
    suspects = game.wrong(game.victim.guess(game.centres))
    assert suspects.tolist() == [True, False, True, True, False, False, False]
    assert game.strike(game.centres, suspects).all()
    assert len(game) == 7
    assert [len(shown) for shown in recorder.seen] == [3]


def test_to_the_end_nobody_leaves_and_the_last_points_stay():
    game = hunt(to_the_end=True)
    assert game.strike(game.centres - 0.15).all()
    game.settle(game.centres - 0.15)
    assert torch.equal(game.found, BALL.project(IMAGES - 0.15, IMAGES))


def test_settling_moves_only_those_that_stand():
    game = hunt()
    game.strike(game.centres - 0.15)
    game.settle(game.centres + 0.01)
    assert torch.equal(game.found[[0, 2, 3]], IMAGES[[0, 2, 3]] - 0.15)
    assert torch.equal(game.found[[1, 4, 5, 6]], IMAGES[[1, 4, 5, 6]] + 0.01)


def test_wrong_classes_are_ranked_on_the_clean_image_and_keep_their_rows():
    game = hunt()
    game.strike(game.centres - 0.15)
    ranked = game.wrong_classes()
    assert ranked.tolist() == [[0, 0], [0, 2], [0, 0], [0, 0], [1, 2], [1, 2], [1, 2]]


def test_an_image_that_is_not_kept_stays_what_it_has_become():
    game = hunt()
    points = game.centres - 0.01
    game.keep(torch.tensor([True, False, True, True, False, True, True]))
    game.settle(points[game.numbers])
    assert game.numbers.tolist() == [0, 2, 3, 5, 6]
    assert game.standing(list("abcdefg")) == ["a", "c", "d", "f", "g"]
    assert torch.equal(game.found[[1, 4]], IMAGES[[1, 4]])
    assert torch.equal(game.found[[0, 2, 3, 5, 6]], points[[0, 2, 3, 5, 6]])


def test_those_that_a_hunt_for_some_breaks_leave_the_whole_one_too():
    game = hunt()
    chosen = torch.tensor([True, True, False, True, False, False, True])
    with game.only(chosen) as part:
        assert part.numbers.tolist() == [0, 1, 3, 6]
        assert part.strike(part.centres - 0.15).tolist() == [False, True, False, True]
        part.settle(part.centres + 0.01)
        assert part.standing("abcdefg") == ["b", "g"]
    assert game.numbers.tolist() == [1, 2, 4, 5, 6]
    assert torch.equal(game.labels, torch.tensor([1, 0, 0, 0, 0]))
    assert torch.equal(game.centres, IMAGES[game.numbers])
    expected = IMAGES.clone()
    expected[[0, 3]] -= 0.15
    expected[[1, 6]] += 0.01
    assert torch.equal(game.found, BALL.project(expected, IMAGES))


def test_wrong_classes_may_be_ranked_by_other_logits():
    game = hunt()
    game.strike(game.centres - 0.15)
    logits = torch.tensor([[0.0, 9.0, 1.0], [9.0, 1.0, 2.0], [1.0, 3.0, 2.0], [1.0, 2.0, 3.0]])
    assert game.wrong_classes(logits).tolist() == [[0, 0], [2, 0], [0, 0], [0, 0], [2, 1], [1, 2], [2, 1]]


def test_those_that_are_broken_where_they_were_settled_leave_when_asked():
    game = hunt()
    game.settle(game.centres - 0.15)
    assert len(game) == 7
    game.judge()
    assert game.numbers.tolist() == [1, 4, 5, 6]
    assert torch.equal(game.found, BALL.project(IMAGES - 0.15, IMAGES))
    game.strike(torch.zeros_like(game.centres))
    game.judge()
    tough = hunt(to_the_end=True)
    tough.settle(tough.centres - 0.15)
    tough.judge()
    assert len(tough) == 7
