"""What ships with the package: every entry verifies, and every architecture is the one that its name means."""

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import architecture_names, named_spec
from rcnas_zoo.zoo.catalogue import catalogue_entry, catalogue_names, catalogue_root
from rcnas_zoo.zoo.verify import verify


@pytest.mark.parametrize("name", catalogue_names())
def test_every_shipped_entry_verifies(name):
    failed = [check for check in verify(catalogue_root() / name).checks if not check.passed]
    assert failed == []


@pytest.mark.parametrize("name", architecture_names())
def test_every_named_architecture_is_shipped_with_what_papers_claim_and_nothing_measured(name):
    entry = catalogue_entry(name)
    assert entry.spec == named_spec(name)
    assert {claim.dataset for claim in entry.record.claimed} == {"cifar10", "cifar100"}
    assert (entry.record.measured, entry.has_weights) == ((), False)


def test_the_network_with_weights_was_measured_under_autoattack_on_the_whole_test_split():
    entry = catalogue_entry("robust-2m")
    (measured,) = entry.record.measured
    assert entry.has_weights
    assert (measured.samples, sorted(measured.attacks)) == (360, ["autoattack", "pgd-20"])
    assert entry.record.macs <= 2_000_000


def test_robust_5g_meets_its_budget_claims_nothing_and_was_measured_if_it_was_trained():
    entry = catalogue_entry("robust-5g")
    assert entry.record.claimed == ()
    assert entry.has_weights == bool(entry.record.measured) == (entry.record.recipe is not None)
    assert cost(entry.spec).macs <= 5_000_000_000
