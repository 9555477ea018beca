"""A training under a constraint: its term counts once, its state is kept, and being cut off changes nothing."""

import pytest
import torch
from torch import nn

from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train
from rcnas_zoo.training.updates import Updates

from ..teams import as_threads
from .problems import EVERYTHING, RECIPE, Cut, Heard, fragile_and_robust, same_result, small_network

SHORT = RECIPE.with_changes(epochs=3)
SPLITS = fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)


class Pull(nn.Module):
    """strength |w|^2 of the last layer, a strength that doubles after every epoch; it holds from an epoch on."""

    def __init__(self, model, strength=0.01, since=1):
        super().__init__()
        self.layer = [model[-1]]
        self.since = since
        self.identity = f"pull {strength} {since}"
        self.register_buffer("strength", torch.tensor(strength))
        self.register_buffer("epochs", torch.zeros((), dtype=torch.int64))

    def penalty(self):
        return self.strength * self.layer[0].weight.square().sum()

    def measure(self):
        return {"strength": float(self.strength)}

    def holds(self):
        return int(self.epochs) + 1 >= self.since

    def close_epoch(self, epoch):
        assert epoch == int(self.epochs) + 1
        self.strength *= 2
        self.epochs += 1


def pulled(**given):
    model = small_network()
    pull = Pull(model, **given)
    # In a layer, for a sequence would run it too.
    model[1].add_module("pull", pull)
    return model, pull


def run(recipe=SHORT, host=None, **given):
    model, pull = pulled(**given)
    return train(model, *SPLITS, recipe, seed=0, host=host, constraint=pull)


def updates(host, recipe=SHORT, constrained=True):
    model, pull = pulled()
    batches = Batches.of(SPLITS[0], recipe, model, 0, torch.device("cpu"), host.team)
    return Updates.of(model.train(), batches, host, pull if constrained else None), pull


def descent(made):
    """Loss and gradients of the first batch, with images that nobody attacks."""
    batch = made.batches.batch(0)
    return made._descent([(part, part.images) for part in batch.parts(made.parts)])


def test_the_term_is_added_to_loss_and_gradient():
    clean = SHORT.with_changes(objective="clean")
    (bare, before), (loss, after) = (descent(updates(Host(), clean, on)[0]) for on in (False, True))
    made, pull = updates(Host(), clean)
    weight = pull.layer[0].weight.detach()
    assert loss.item() == pytest.approx(bare.item() + 0.01 * float(weight.square().sum()))
    for parameter, one, other in zip(made.descent.parameters, before, after, strict=True):
        expected = one + 0.02 * parameter.detach() if parameter is pull.layer[0].weight else one
        torch.testing.assert_close(other, expected)


def test_the_term_counts_once_in_however_many_parts_and_processes():
    clean = SHORT.with_changes(objective="clean", crop_padding=0)

    def work(team):
        model, pull = pulled(strength=0.5)
        batches = Batches.of(SPLITS[0], clean, model, 0, torch.device("cpu"), team)
        made = Updates.of(model, batches, Host(team=team), pull)
        made.network.eval()
        made.parts = parts
        return descent(made)

    parts = 1
    whole = work(Team())
    parts = 3
    for loss, gradients in [work(Team()), *as_threads(2, work)]:
        torch.testing.assert_close(loss, whole[0])
        torch.testing.assert_close(gradients, whole[1])


def test_the_curve_tells_of_it_and_its_state_goes_on_after_each_epoch():
    result = run()
    assert [row["strength"] for row in result.curve] == pytest.approx([0.01, 0.02, 0.04])
    assert result.last["1.pull.strength"].item() == pytest.approx(0.04)


def test_it_shrinks_what_it_pulls_at():
    bare = train(pulled()[0], *SPLITS, SHORT, seed=0)
    assert run(strength=0.1).last["4.weight"].norm() < 0.8 * bare.last["4.weight"].norm()


@pytest.mark.parametrize("since", [1, 2, 3])
def test_the_best_epoch_is_one_in_which_it_holds(since):
    result = run(since=since)
    rows = [(row["robust_accuracy"], -epoch) for epoch, row in enumerate(result.curve, start=1) if epoch >= since]
    assert result.best_epoch == -max(rows)[1]


@pytest.mark.parametrize("stop", [1, 7, 8, 9, 16, 23, 24])
@pytest.mark.parametrize("recipe", [SHORT, EVERYTHING.with_changes(epochs=3)], ids=["sat", "everything"])
def test_a_training_that_is_cut_off_ends_as_if_nothing_had_happened(recipe, stop, tmp_path):
    host = Host(observer=Heard(stop), checkpoints=Checkpoints(tmp_path, every_seconds=0))
    with pytest.raises(Cut):
        run(recipe, host)
    resumed = run(recipe, Host(checkpoints=Checkpoints(tmp_path, every_seconds=0)))
    assert same_result(resumed, run(recipe))


def test_a_checkpoint_under_another_constraint_is_refused(tmp_path):
    host = Host(observer=Heard(9), checkpoints=Checkpoints(tmp_path, every_seconds=0))
    with pytest.raises(Cut):
        run(SHORT, host)
    with pytest.raises(InvalidInput, match="must be of this training"):
        run(SHORT, Host(checkpoints=Checkpoints(tmp_path)), strength=0.02)
