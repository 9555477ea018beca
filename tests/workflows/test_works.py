from dataclasses import replace

import pytest

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.scales import SCALES
from rcnas_zoo.workflows.twins import work_for

TINY = SCALES["tiny"]
TRAINING = work_for(load_table("table-1").find("wrn-34-12"), "cifar10", TINY)
PRUNING = work_for(load_table("table-9").find("hydra-10g"), "cifar10", TINY)
SEARCH = work_for(load_table("table-10").find("rc-nas-without-cost"), "cifar10", TINY)
ONES = (TRAINING, PRUNING, SEARCH)


def test_a_work_says_what_it_is():
    assert str(TRAINING) == "tiny WRN-34-12 (1.65 M MACs) on digits, 10 epochs of trades"
    assert str(PRUNING) == (
        "tiny Hydra (1.65 M MACs) on digits, 56.2% of its weights kept by hydra, 24 epochs of trades"
    )
    assert str(SEARCH) == "digits/pgd-20/wrn-16-1/1600k: 6 networks by a fresh agent without cost"


@pytest.mark.parametrize(
    "other",
    [
        replace(TRAINING, seed=1),
        replace(TRAINING, recipe=TRAINING.recipe.with_changes(epochs=11)),
        replace(TRAINING, spec=replace(TRAINING.spec, classes=11)),
        PRUNING,
        replace(PRUNING, recipe=PRUNING.recipe.with_changes(keep=0.5)),
        replace(PRUNING, base=replace(PRUNING.base, seed=1)),
        SEARCH,
        replace(SEARCH, settings=replace(SEARCH.settings, seed=1)),
    ],
)
def test_what_decides_the_weights_decides_the_digest(other):
    assert digest(other.to_dict()) not in {digest(each.to_dict()) for each in ONES if each is not other}
    assert digest(replace(other).to_dict()) == digest(other.to_dict())


def test_what_a_network_is_called_decides_nothing():
    assert replace(TRAINING, name="other").to_dict() == TRAINING.to_dict()


def test_of_a_pruning_the_stages_alone_say_how_it_is_trained():
    base = PRUNING.base
    other = replace(PRUNING, base=replace(base, recipe=base.recipe.with_changes(epochs=3)))
    assert other.to_dict() == PRUNING.to_dict()


def test_a_training_becomes_a_job_that_asks_nothing_of_the_test_images(machine, tmp_path):
    job = TRAINING.job(replace(machine, data_root=tmp_path, device="cpu"))
    training = job.training
    assert (training.spec, training.recipe, training.seed) == (TRAINING.spec, TRAINING.recipe, 0)
    assert (training.source, training.cache, training.device) == (DataSource("digits", tmp_path), machine.cache, "cpu")
    assert (job.threat, job.plan.attacks, job.plan.subset_attacks) == (ThreatModel.parse("linf@1/5"), (), ())


def test_a_pruning_is_the_job_of_its_network_with_a_recipe_of_its_own(machine):
    assert PRUNING.job(machine) == replace(PRUNING.base.job(machine), pruning=PRUNING.recipe)
