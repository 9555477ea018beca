import json
from dataclasses import replace

import pytest

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.workflows.comparison import Retrained, comparison_table, retrained_text
from rcnas_zoo.zoo.entry import WEIGHTS

FIRST = Measurement(
    dataset="digits",
    split="test",
    data_digest="d1",
    threat="linf@1/5",
    samples=100,
    seed=0,
    clean_accuracy=1.0,
    attacks={"pgd-20": 0.5, "fgsm": 0.6},
    settings={},
    robust_accuracy=0.5,
    interval=(0.404, 0.596),
)
SECOND = replace(FIRST, clean_accuracy=0.9, attacks={"fgsm": 0.25, "pgd-20": 0.0}, robust_accuracy=0.0)


@pytest.fixture
def retrained(trained, tmp_path):
    """A stored entry with the measurements given, and the entry that was made after it."""

    def make(stored, made, sha256="other"):
        record = replace(trained.entry.record, measured=stored)
        again = replace(record, measured=(made,), files={**record.files, WEIGHTS: sha256})
        source = DataSource("digits", train_size=50)
        job = TrainingJob(trained.entry.spec, record.recipe, 3, source, tmp_path)
        entries = (replace(trained.entry, record=each) for each in (record, again))
        return Retrained(*entries, job, 0.01)

    return make


def test_each_accuracy_stands_beside_the_stored_one_with_its_interval():
    rows = [line.split("  ") for line in comparison_table(FIRST, SECOND).splitlines()[2:]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["clean", "100.0 %", "96.3 % to 100.0 %", "90.0 %", "82.6 % to 94.5 %"],
        ["pgd-20", "50.0 %", "40.4 % to 59.6 %", "0.0 %", "0.0 % to 3.7 %"],
        ["fgsm", "60.0 %", "50.2 % to 69.1 %", "25.0 %", "17.5 % to 34.3 %"],
        ["worst case", "50.0 %", "40.4 % to 59.6 %", "0.0 %", "0.0 % to 3.7 %"],
    ]


@pytest.mark.parametrize("attacks", [{"pgd-20": 0.5}, {"cw-20": 0.25, "pgd-20": 0.5}])
def test_every_attack_made_is_shown_and_no_worst_case_over_other_attacks(attacks):
    rows = comparison_table(FIRST, replace(SECOND, attacks=attacks)).splitlines()[2:]
    assert [row.split()[0] for row in rows] == ["clean", "pgd-20", *(["cw-20"] if len(attacks) > 1 else [])]
    if len(attacks) > 1:
        assert rows[-1].split() == ["cw-20", "-", "-", "25.0", "%", "17.5", "%", "to", "34.3", "%"]


def test_the_text_tells_the_training_the_comparison_and_whether_the_weights_are_the_same(retrained, trained):
    stored = trained.entry.record.files[WEIGHTS]
    text = retrained_text(retrained((FIRST,), SECOND))
    assert text.startswith("mine, trained again: epochs 1, images 50 of digits, seed 3, fraction 0.01\n")
    assert comparison_table(FIRST, SECOND) in text
    assert "threat linf@1/5, 100 test images" in text
    assert f"weights: not identical to the stored ones, sha256 other... instead of {stored[:12]}..." in text
    assert text.endswith(f"written to {trained.entry.folder}")
    same = retrained((FIRST,), SECOND, stored)
    assert f"weights: identical to the stored ones, sha256 {stored[:12]}..." in retrained_text(same)
    assert same.identical


def test_other_images_are_told_of(retrained):
    text = retrained_text(retrained((replace(FIRST, data_digest="d2", samples=7),), SECOND))
    assert "warning: the stored entry was measured on other images (7 of digits)" in text
    assert "warning" not in retrained_text(retrained((FIRST,), SECOND))


def test_what_is_not_stored_is_not_compared(retrained):
    made = retrained((), FIRST)
    files = {name: sha256 for name, sha256 in made.stored.record.files.items() if name != WEIGHTS}
    made = replace(made, stored=replace(made.stored, record=replace(made.stored.record, files=files)))
    text = retrained_text(made)
    assert "the stored entry has no measurement to compare with" in text
    assert "40.4 % to 59.6 %" in text
    assert "weights: sha256 other...; the stored entry has none" in text
    data = json.loads(json.dumps(made.to_dict()))
    assert (data["stored"], data["weights"], data["identical"]) == (None, {"stored": None, "retrained": "other"}, False)


def test_the_document_has_both_measurements_in_full(retrained):
    data = json.loads(json.dumps(retrained((FIRST,), SECOND).to_dict()))
    assert data["stored"]["attacks"] == FIRST.attacks
    assert data["retrained"]["attacks"] == SECOND.attacks
    assert (data["name"], data["seed"], data["fraction"], data["epochs"], data["images"]) == ("mine", 3, 0.01, 1, 50)
