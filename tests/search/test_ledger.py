from rcnas_zoo.search.ledger import Ledger


def test_proposals_are_numbered_and_networks_remembered(space):
    ledger, other = Ledger(), space.smallest()
    first, second = ledger.add(space.teacher), ledger.add(space.teacher, note="again")
    assert (first.id, second.id, second.note, len(ledger)) == (0, 1, "again", 2)
    assert space.teacher in ledger
    assert other not in ledger


def test_a_restored_ledger_goes_on_where_the_other_stopped(space):
    ledger, copy = Ledger(), Ledger()
    ledger.add(space.teacher)
    copy.restore(ledger.state())
    assert space.teacher in copy
    assert copy.add(space.smallest()).id == 1


def test_an_empty_ledger_has_a_state(space):
    copy = Ledger()
    copy.add(space.teacher)
    copy.restore(Ledger().state())
    assert len(copy) == 0
