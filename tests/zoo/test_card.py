from dataclasses import replace

import pytest

from rcnas_zoo.spec.record import Claim
from rcnas_zoo.zoo.card import render_card
from rcnas_zoo.zoo.card_architecture import architecture

from .cards import rows


@pytest.fixture
def card(tiny_record, tiny_spec):
    return render_card(replace(tiny_record, files={"weights.safetensors": "0" * 64}), tiny_spec)


def test_every_measured_attack_has_its_samples_and_interval(card):
    assert ["none (clean)", "95.0 %", "360", "92.2 % to 96.8 %"] in rows(card)
    assert ["autoattack", "50.0 %", "360", "44.9 % to 55.1 %"] in rows(card)
    assert ["**all of them**", "**50.0 %**", "360", "44.9 % to 55.1 %"] in rows(card)
    assert "### digits, test split, linf@1/5" in card
    assert "Reasons for doubt: few images." in card


def test_claims_stand_apart_from_measurements_with_their_source(card):
    measured, claimed = card.split("## Claimed elsewhere")
    assert "arXiv" not in measured
    assert ["pgd-20", "50.0 %", "digits", "linf@1/5", "arXiv:0000.00000, table 1"] in rows(claimed)
    assert "not measured here" in claimed


def test_the_architecture_is_told(card, tiny_spec):
    assert f"## Architecture\n\n{architecture(tiny_spec)}\n" in card


def test_licence_lineage_recipe_and_use_are_told(card, tiny_record):
    assert ["licence", "MIT"] in rows(card)
    assert '"task": "digits/pgd-20/wrn-10-1/100k"' in card
    assert f"Digest `{tiny_record.recipe.digest}`" in card
    assert 'model = rcnas_zoo.load("tiny")' in card
    assert "rcnas-zoo evaluate tiny --attack pgd-20 --attack autoattack --threat linf@1/5" in card


def test_an_architecture_alone_does_not_speak_of_weights_it_lacks(tiny_record, tiny_spec):
    bare = replace(tiny_record, measured=(), claimed=(), recipe=None, lineage={}, dataset="", threat="")
    card = render_card(bare, tiny_spec)
    assert "an architecture alone, without weights" in card
    assert "Nothing was measured." in card
    assert "Nothing is claimed." in card
    assert "rcnas-zoo pull tiny --architecture" in card
    assert "rcnas_zoo.load" not in card


def test_text_with_table_marks_and_line_breaks_stays_in_its_cell(tiny_record, tiny_spec):
    record = replace(
        tiny_record, made_by="a|b\n| c", claimed=(Claim("table | 1\nx", "digits", "linf@1/5", {"clean": 0.5}),)
    )
    card = render_card(record, tiny_spec)
    assert "| made by | a\\|b \\| c |" in card
    assert "| clean | 50.0 % | digits | linf@1/5 | table \\| 1 x |" in card
