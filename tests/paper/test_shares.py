import pytest

from rcnas_zoo.paper.shares import searched_share
from rcnas_zoo.spec.errors import InvalidInput


@pytest.mark.parametrize(
    ("budget", "dataset", "share"),
    [
        ("5g", "cifar10", 18.8 / 36.5),
        ("10g", "cifar100", 37.4 / 66.5),
        ("20g", "cifar10", 68.5 / 128),
        ("20g", "tiny-imagenet", 72.5 / 128),
        ("40g", "tiny-imagenet", 145 / 267),
    ],
)
def test_shares_by_the_printed_parameters(budget, dataset, share):
    assert searched_share(budget, dataset) == share


@pytest.mark.parametrize(("budget", "dataset"), [("5g", "tiny-imagenet"), ("80g", "cifar10"), ("5g", "digits")])
def test_a_share_that_nobody_prints_is_refused(budget, dataset):
    with pytest.raises(InvalidInput, match="must be those of RC-NAS in table-1 or table-5"):
        searched_share(budget, dataset)
