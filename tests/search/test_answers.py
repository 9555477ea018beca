import pytest

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.oracles.fitted import FittedEvaluator
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.search.answers import ANSWERS, answering
from rcnas_zoo.spec.errors import InvalidInput
from tests.oracles.tables import distinct_specs, formula_table

TABLE = formula_table(rows=20)
OTHERS = [spec for spec in distinct_specs(40, seed=5) if spec not in TABLE.specs]
SETTINGS = RewardSettings(form="accuracy")


@pytest.mark.parametrize(("answers", "kind"), [("nearest", ReplayEvaluator), ("fitted", FittedEvaluator)])
def test_the_evaluator_is_of_the_table_and_the_settings(answers, kind):
    _, evaluator = answering(answers, TABLE, SETTINGS)
    assert evaluator == kind(TABLE, SETTINGS)


def test_a_network_that_is_not_tabulated_is_proposed_to_a_model_alone():
    nearest, fitted = (answering(answers, TABLE, SETTINGS)[0] for answers in ANSWERS)
    for spec in OTHERS:
        assert nearest.fit(spec.stages) == TABLE.specs[TABLE.row_of(spec)]
        assert fitted.fit(spec.stages) == spec


def test_both_know_the_networks_of_the_table():
    for answers in ANSWERS:
        space, _ = answering(answers, TABLE, SETTINGS)
        assert [space.fit(spec.stages) for spec in TABLE.specs] == list(TABLE.specs)


def test_another_word_is_refused():
    with pytest.raises(InvalidInput, match="the answers of an oracle must be one of nearest, fitted, got 'fit'"):
        answering("fit", TABLE, SETTINGS)
