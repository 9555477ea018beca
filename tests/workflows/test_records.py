from datetime import date

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Record
from rcnas_zoo.version import VERSION
from rcnas_zoo.workflows.records import new_record

SPEC = named_spec("wrn-10-1")
RECIPE = TrainingRecipe(threat="linf@1/10")


def test_a_record_says_what_was_made_and_by_whom():
    record = new_record("mine", SPEC, dataset="digits", recipe=RECIPE, lineage={"seed": 3})
    assert (record.name, record.made_by, record.spec_digest) == ("mine", f"rcnas-zoo {VERSION}", SPEC.digest)
    assert (record.parameters, record.macs) == (cost(SPEC).parameters, cost(SPEC).macs)
    assert (record.dataset, record.threat, record.recipe) == ("digits", "linf@1/10", RECIPE)
    assert record.lineage == {"seed": 3}
    assert abs((date.today() - date.fromisoformat(record.created)).days) <= 1
    assert Record.from_json(record.to_json()) == record


def test_what_was_trained_without_attacks_was_trained_against_no_threat():
    assert new_record("mine", SPEC, recipe=RECIPE.with_changes(objective="clean")).threat == ""


def test_an_architecture_alone_has_neither_data_set_nor_recipe_nor_licence():
    record = new_record("mine", SPEC)
    assert (record.dataset, record.threat, record.recipe, record.licence) == ("", "", None, "NOASSERTION")
