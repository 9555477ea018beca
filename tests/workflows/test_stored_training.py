import pytest

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.stored_training import RetrainSettings, scaled

RECIPE = named_recipe("digits-final")


@pytest.mark.parametrize(
    ("fraction", "epochs", "images"),
    [(1, 20, 0), (0.5, 10, 0), (0.29, 6, 0), (0.05, 1, 0), (0.01, 1, 200), (0.04999, 1, 1000), (1e-9, 1, 10)],
)
def test_a_share_of_a_training_is_that_share_of_its_epochs_and_below_one_of_its_images(fraction, epochs, images):
    recipe, size = scaled(RECIPE.with_changes(epochs=20), fraction, images=1000, classes=10)
    assert (recipe.epochs, size) == (epochs, images)
    assert recipe.with_changes(epochs=20) == RECIPE.with_changes(epochs=20)


def test_29_hundredths_of_100_epochs_are_29():
    assert scaled(RECIPE.with_changes(epochs=100), 0.29, 1000, 10)[0].epochs == 29


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fraction": 0}, "the fraction of the training must be above 0, got 0"),
        ({"fraction": 1.5}, r"the fraction of the training must be a finite number in \[0, 1\], got 1.5"),
        ({"seed": -1}, "the seed must be at least 0"),
        ({"attacks": ("pdg-20",)}, "an attack must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InvalidInput, match=message):
        RetrainSettings(**settings)
