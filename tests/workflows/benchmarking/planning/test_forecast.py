"""Forecasts from figures that are made up, so that the sums can be done by hand."""

from dataclasses import replace

import pytest

from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.workflows.benchmarking.planning.figures import Figures, Line, NetworkFigures
from rcnas_zoo.workflows.benchmarking.planning.forecast import STANDING, STUDY_SECONDS, Forecaster, paid
from rcnas_zoo.workflows.benchmarking.planning.work import Look, RowWork, Training, Work

SPEC = named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
RECIPE = TrainingRecipe(objective="sat", epochs=4, batch_size=50, selection_attack="none")
TRAINING = Training(SPEC, RECIPE, images=1000, evaluation=120)
SELECTED = replace(TRAINING, recipe=RECIPE.with_changes(selection_attack="pgd-10", selection_start=0.5))
GRADIENT, FORWARD = Line(0.01, 0.001), Line(0.004, 0.0002)
STANDS = STANDING[""]


@pytest.fixture
def forecaster():
    network = NetworkFigures(GRADIENT, FORWARD, {TRAINING: 0.01, SELECTED: 0.01}, peak_bytes=700)
    figures = Figures({SPEC: network}, {"pgd-10": Line(0.1, 0.0), "autoattack": Line(2.0, 0.01)})
    return Forecaster(figures, "cpu", classes=10)


def test_a_training_is_its_updates_and_a_look_at_the_logits_after_each_epoch(forecaster):
    # 120 images in batches of 50 are three passes.
    assert forecaster.training_seconds(TRAINING) == pytest.approx(4 * 1000 * 0.01 + 4 * (3 * 0.004 + 120 * 0.0002))


def test_the_choice_among_late_epochs_costs_an_attack_each(forecaster):
    look = forecaster.look_seconds(Look(SPEC, "pgd-10", 120))
    assert forecaster.training_seconds(SELECTED) == pytest.approx(forecaster.training_seconds(TRAINING) + 2 * look)


def test_a_look_is_flags_and_clean_passes_and_the_attack_on_what_stands(forecaster):
    # 300 images are attacked 250 at a time: two batches.
    flags, clean = 2 * (0.01 + 250 * 0.001), 2 * 0.004 + 300 * 0.0002
    attack = 2 * (10 * 0.01 + 0.1) + 10 * 0.001 * 300 * STANDS
    assert forecaster.look_seconds(Look(SPEC, "pgd-10", 300)) == pytest.approx(flags + 2 * clean + attack)


def test_autoattack_by_its_passes_and_its_bookkeeping(forecaster):
    line = forecaster.attack_line(Look(SPEC, "autoattack", 64))
    assert line.fixed == pytest.approx(1910 * 0.01 + 5900 * 0.004 + 2.0)
    assert line.each == pytest.approx(1910 * 0.001 + 5900 * 0.0002 + 0.01)
    assert forecaster.standing("autoattack") == forecaster.standing("square") == STANDING["autoattack"]


def test_a_row_is_its_trials_and_one_test(forecaster):
    trial, test = Work(((3.5, TRAINING),), thinking=2.0), Work(looks=((1.0, Look(SPEC, "pgd-10", 64)),))
    found = forecaster.row(RowWork("random", "", trial, test, 11), trials=3)
    one = 3.5 * forecaster.training_seconds(TRAINING) + 2.0
    assert found.seconds == pytest.approx(STUDY_SECONDS + 3 * one + forecaster.look_seconds(Look(SPEC, "pgd-10", 64)))
    assert (found.networks, found.peak_bytes) == (11, 700)


def test_a_row_that_cannot_be_costs_nothing_and_says_why(forecaster):
    found = forecaster.row(RowWork("advrush", "too small"), trials=3)
    assert (found.infeasible, found.seconds, found.peak_bytes) == ("too small", 0.0, 0)


def test_what_rows_share_is_paid_by_the_first(forecaster):
    test = Work(looks=((1.0, Look(SPEC, "pgd-10", 64)),))
    sat = RowWork("sat", "", Work(((1.0, TRAINING),)), test, 1)
    teacher = replace(sat, method="teacher")
    pruned = RowWork("hydra", "", Work(((1.0, TRAINING), (1.0, SELECTED))), test, 1)
    absent = RowWork("advrush", "too small")
    alone = [forecaster.row(row, 2).seconds for row in (teacher, sat, pruned, absent)]
    assert paid([teacher, sat, pruned, absent], forecaster, 2) == pytest.approx(
        [alone[0], STUDY_SECONDS, alone[2] - forecaster.training_seconds(TRAINING), 0.0]
    )


def test_a_share_of_several_networks_is_shared_by_nobody(forecaster):
    search = RowWork("random", "", Work(((0.2, TRAINING),)), Work(), 11)
    other = RowWork("r-nas", "", Work(((0.2, TRAINING),), thinking=1.0), Work(), 11)
    assert paid([search, other], forecaster, 1) == [forecaster.row(row, 1).seconds for row in (search, other)]


def test_work_adds_up_and_repeats():
    work = Work(((1.0, TRAINING),), thinking=2.0) + Work(((0.5, SELECTED),))
    twice = work.times(2)
    assert twice.trainings == ((2.0, TRAINING), (1.0, SELECTED))
    assert (twice.thinking, work.whole, twice.whole) == (4.0, (TRAINING,), (SELECTED,))
