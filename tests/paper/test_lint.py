"""The entries of the paper that no evaluation could give, found by name and counted by hand."""

from rcnas_zoo.paper.catalogue import load_table, table_names
from rcnas_zoo.paper.lint import doubtful_entries, entry_flags

SIX = ("table-1", "table-5", "table-6", "table-7", "table-9", "table-10")


def names(table):
    return [(entry.row.row, entry.dataset) for entry in doubtful_entries(load_table(table))]


def test_27_of_108_entries_are_inconsistent_22_of_them_distinct():
    found = {name: doubtful_entries(load_table(name)) for name in SIX}
    assert sum(len(load_table(name).entries) for name in SIX) == 108
    assert [len(found[name]) for name in SIX] == [2, 4, 14, 4, 2, 1]
    assert len({(entry.dataset, entry.claims) for entries in found.values() for entry in entries}) == 22


def test_the_entries_are_those_that_a_reader_finds():
    assert names("table-1") == [("rc-nas-10g", "cifar100"), ("rc-nas-40g", "cifar100")]
    assert [row for row, _ in names("table-5")] == ["robustresnet-a3", "rc-nas-20g", "robustresnet-a4", "rc-nas-40g"]
    assert len(names("table-6")) == len(load_table("table-6").rows)
    assert len(names("table-7")) == len(load_table("table-7").rows)
    assert names("table-9") == [("r-nas-10g", "cifar100"), ("rc-nas-10g", "cifar100")]
    assert names("table-10") == [("rc-nas", "cifar100")]


def test_the_rule_is_plain_comparison():
    """The same entries by two comparisons of what is printed."""
    for name in SIX:
        table = load_table(name)
        plain = []
        for row in table.rows:
            for dataset, (_, pgd, cw, auto) in row.claims.items():
                if auto.value > pgd.value or auto.value > cw.value:
                    plain.append((row.row, dataset))
        assert names(name) == plain


def test_the_flags_say_what_was_seen():
    (entry, _) = doubtful_entries(load_table("table-1"))
    assert list(entry_flags(entry)) == ["autoattack-above-cw-40: 0.3079 under autoattack, 0.3055 under cw-40"]


def test_a_larger_radius_that_breaks_fewer_images_is_found_too():
    (entry,) = doubtful_entries(load_table("table-2"))
    assert entry.row.row == "robustresnet-a2"
    assert list(entry_flags(entry)) == [
        "wider-is-weaker: 0.5972 under pgd-20 at the radius 8/255, 0.6078 at 4/85",
    ]


def test_attacks_that_claim_to_be_stronger_than_autoattack_and_times_are_not_judged():
    assert names("table-3") == names("table-4") == []
    assert len(table_names()) == len(SIX) + 3
