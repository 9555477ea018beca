from dataclasses import replace

import pytest

from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.record import Claim
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.zoo.card import render_card


@pytest.fixture
def card(tiny_record, tiny_spec):
    return render_card(replace(tiny_record, files={"weights.safetensors": "0" * 64}), tiny_spec)


def rows(card: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in card.splitlines() if line.startswith("|")
    ]


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


def test_the_architecture_is_told_stage_by_stage_with_resolutions(tiny_record):
    stages = (StageSpec(3, 16, block="robust"), StageSpec(4, 20, stride=2), StageSpec(1, 8, stride=2))
    spec = ResidualSpec(InputSpec((3, 33, 32)), 10, stages, stem_width=24, stem_stride=2, activation="silu")
    found = rows(render_card(tiny_record, spec))
    assert ["stem", "3x3 convolution", "24", "2", "17 x 16"] in found
    assert ["stage 1", "3 robust", "64", "1", "17 x 16"] in found
    assert ["stage 2", "4 basic", "20", "2", "9 x 8"] in found
    assert ["stage 3", "1 basic", "8", "2", "5 x 4"] in found
    assert ["head", "average pooling, linear", "10", "-", "-"] in found


def test_a_spec_of_another_kind_is_told_as_data(tiny_record):
    class OtherSpec(NetworkSpec):
        kind = "other"
        input, classes = InputSpec((1, 8, 8)), 10

        def body(self):
            return {"cells": 3}

        @classmethod
        def from_body(cls, input, classes, body):
            return cls()

    assert 'Kind `other`.\n\n```json\n{\n  "cells": 3\n}\n```' in render_card(tiny_record, OtherSpec())


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
