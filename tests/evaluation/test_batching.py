import pytest

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.batching import BATCH_MACS, LARGEST, SMALLEST, Batching
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel


def attack(name):
    return make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/10"), 10)


PGD, AUTOATTACK = attack("pgd-20"), attack("autoattack")


@pytest.mark.parametrize(
    ("batching", "of", "count", "size"),
    [
        (Batching(0, "cpu"), AUTOATTACK, 10_000, LARGEST["cpu"]),
        (Batching(1_000_000, "cpu"), PGD, 10_000, LARGEST["cpu"]),
        (Batching(60_000_000, "cpu"), PGD, 10_000, LARGEST["cpu"]),
        (Batching(60_000_000, "cpu"), AUTOATTACK, 10_000, int(BATCH_MACS["cpu"] / (60e6 * AUTOATTACK.effort))),
        (Batching(5_000_000_000, "cpu"), AUTOATTACK, 10_000, SMALLEST),
        (Batching(5_000_000_000, "cuda"), PGD, 10_000, LARGEST["cuda"]),
        (Batching(1_000_000, "cpu", workers=4), PGD, 100, 25),
        (Batching(1_000_000, "cpu", workers=4), PGD, 101, 26),
        (Batching(1_000_000, "mps"), PGD, 10_000, LARGEST["cuda"]),
        (Batching(5_000_000_000, "cpu", workers=4, asked=70), AUTOATTACK, 10, 70),
        (Batching(0, "cpu"), PGD, 0, 1),
    ],
)
def test_the_rule(batching, of, count, size):
    assert batching.size(of, count) == max(size, 1)


@pytest.mark.parametrize("workers", [1, 8])
def test_where_the_batch_changes_the_result_nothing_else_changes_the_batch(workers):
    peer, a3 = attack("torchattacks:PGD"), attack("a3")
    batching = Batching(5_000_000_000, "cpu", workers)
    assert batching.size(peer, 100) == 250
    assert batching.settings(peer) == {"batch_size": 250}
    assert batching.size(a3, 7_000) == 7_000
    assert batching.settings(a3) == batching.settings(PGD) == {}
