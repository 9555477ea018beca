"""One training and one search, as small as they can be."""

from dataclasses import replace

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.spec.errors import Diverged, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.tracking.listing import list_runs
from rcnas_zoo.workflows import making
from rcnas_zoo.workflows.agents import choose_agent
from rcnas_zoo.workflows.finals import run_final
from rcnas_zoo.workflows.kept_works import kept
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.making import make
from rcnas_zoo.workflows.scales import SCALES, Asked
from rcnas_zoo.workflows.twins import work_for

QUICK = replace(SCALES["tiny"], attack="pgd-2", iterations=1, epochs=1, search_epochs=1)
TRAINED = work_for(load_table("table-1").find("wrn-28-10"), "cifar10", QUICK)
PRUNED = work_for(load_table("table-9").find("hydra-5g"), "cifar10", QUICK)
SEARCHED = work_for(load_table("table-9").find("rc-nas-5g"), "cifar10", QUICK)


@pytest.fixture(scope="module")
def machine(tmp_path_factory) -> Machine:
    """One cache for all, so that the network is trained once."""
    return Machine(workers=1, cache=tmp_path_factory.mktemp("making") / "cache")


def asked(*radii, samples=16):
    return Asked(tuple(ThreatModel.parse(radius) for radius in radii), ("pgd-2", "fgsm"), samples)


def test_a_training_is_measured_under_each_threat_on_the_same_images_and_kept(machine, here):
    question = asked("1/10", "1/5")
    made = make(TRAINED, question, machine, Silent(), "rcnas-zoo reproduce x")
    assert [measured.threat for measured in made.measured] == ["linf@1/10", "linf@1/5"]
    assert {(m.dataset, m.split, m.samples, m.data_digest) for m in made.measured} == {
        ("digits", "test", 16, made.measured[0].data_digest)
    }
    narrow, wide = made.measured
    assert narrow.clean_accuracy == wide.clean_accuracy
    assert set(narrow.attacks) == {"pgd-2", "fgsm"}
    assert wide.robust_accuracy <= narrow.robust_accuracy
    spec = named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
    assert (made.digest, made.macs, made.search_seconds) == (spec.digest, cost(spec).macs, 0)
    assert kept(TRAINED, question, machine) == made
    (run,) = list_runs(here)
    assert (run.id, run.workflow, run.status) == (made.run_id, "reproduce", "FINISHED")


def test_a_pruning_leaves_the_share_of_the_network_that_it_keeps(machine, here):
    made = make(PRUNED, asked("1/5"), machine, Silent())
    whole = cost(PRUNED.base.spec)
    assert made.parameters / whole.parameters == pytest.approx(PRUNED.recipe.keep, abs=0.02)
    assert made.macs / whole.macs == pytest.approx(PRUNED.recipe.keep, abs=0.02)
    assert kept(PRUNED, asked("1/5"), machine) == made


def test_what_was_made_before_is_not_made_again(machine, here, monkeypatch):
    made = make(TRAINED, asked("1/5", samples=2), machine, Silent())
    monkeypatch.setattr(making, "open_run", lambda *_: pytest.fail("it was made again"))
    assert make(TRAINED, asked("1/5", samples=2), machine, Silent()) == made


def test_a_search_is_made_again_when_it_would_start_from_another_policy(machine, here, monkeypatch):
    question = asked("1/5", samples=4)
    first = make(SEARCHED, question, machine, Silent())
    shipped = choose_agent(SEARCHED.settings, 3, machine)
    assert shipped.policy is not None
    assert first.policy == shipped.lineage["digest"]
    assert make(SEARCHED, question, machine, Silent()) == first
    other = replace(shipped, lineage={**shipped.lineage, "digest": "d" * 64})
    monkeypatch.setattr("rcnas_zoo.workflows.prepare.choose_agent", lambda *_: other)
    again = make(SEARCHED, question, machine, Silent())
    assert (again.policy, again.run_id == first.run_id) == ("d" * 64, False)
    assert kept(SEARCHED, question, machine) == again
    assert make(SEARCHED, question, machine, Silent()) == again


def test_data_that_are_absent_are_missed_before_a_run_is_opened(machine, here, tmp_path):
    work = work_for(load_table("table-1").find("wrn-28-10"), "cifar10", SCALES["paper"])
    with pytest.raises(NotFound, match="cifar10"):
        make(work, asked("8/255"), replace(machine, data_root=tmp_path), Silent())
    assert list_runs(here) == []


def test_a_search_ends_with_a_network_within_the_budget(machine, here):
    made = make(SEARCHED, asked("1/5"), machine, Silent())
    assert made.macs <= 700_000
    assert 0 < made.search_seconds < made.seconds
    assert made.measured[0].samples == 16


def test_a_training_that_diverges_is_no_result(machine, here, monkeypatch):
    monkeypatch.setattr(making, "run_final", lambda *given: replace(run_final(*given), diverged=True))
    question = asked("1/5", samples=3)
    with pytest.raises(Diverged, match="must keep a finite loss"):
        make(TRAINED, question, machine, Silent())
    assert kept(TRAINED, question, machine) is None
