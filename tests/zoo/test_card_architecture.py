from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.zoo.card_architecture import architecture

from .cards import rows


def test_the_architecture_is_told_stage_by_stage_with_resolutions():
    stages = (StageSpec(3, 16, block="robust"), StageSpec(4, 20, stride=2), StageSpec(1, 8, stride=2))
    spec = ResidualSpec(InputSpec((3, 33, 32)), 10, stages, stem_width=24, stem_stride=2, activation="silu")
    found = rows(architecture(spec))
    assert ["stem", "3x3 convolution", "24", "2", "17 x 16"] in found
    assert ["stage 1", "3 robust", "64", "1", "17 x 16"] in found
    assert ["stage 2", "4 basic", "20", "2", "9 x 8"] in found
    assert ["stage 3", "1 basic", "8", "2", "5 x 4"] in found
    assert ["head", "average pooling, linear", "10", "-", "-"] in found


def test_a_network_of_cells_is_told_cell_by_cell_and_edge_by_edge():
    spec = named_spec("robnet-2@4", InputSpec((1, 9, 8)), 7)
    card = architecture(spec)
    found = rows(card)
    assert "A network of 8 cells, whose batch normalisations have neither scale nor shift." in card
    assert ["stem", "3x3 convolution", "12", "1", "9 x 8"] in found
    assert ["cells 1 to 2", "2 normal", "16", "1", "9 x 8"] in found
    assert ["cell 3", "1 reduction", "32", "2", "5 x 4"] in found
    assert ["cells 4 to 5", "2 normal", "32", "1", "5 x 4"] in found
    assert ["cell 6", "1 reduction", "64", "2", "3 x 2"] in found
    assert ["cells 7 to 8", "2 normal", "64", "1", "3 x 2"] in found
    assert ["head", "average pooling, linear", "7", "-", "-"] in found
    node = "skip_connect(0) + sep_conv_3x3(0) + skip_connect(1) + sep_conv_3x3(1)"
    assert [["normal", "2", node], ["reduction", "2", node]] == [row for row in found if row[1:] == ["2", node]]
    assert len([row for row in found if row[0] in ("normal", "reduction")]) == 8


def test_a_spec_of_another_kind_is_told_as_data():
    class OtherSpec(NetworkSpec):
        kind = "other"
        input, classes = InputSpec((1, 8, 8)), 10

        def body(self):
            return {"cells": 3}

        @classmethod
        def from_body(cls, input, classes, body):
            return cls()

    assert 'Kind `other`.\n\n```json\n{\n  "cells": 3\n}\n```' in architecture(OtherSpec())
