import optuna
import pytest

from rcnas_zoo.search.picky_tpe import picky_tpe
from rcnas_zoo.spec.errors import Unavailable


@pytest.fixture
def later(monkeypatch):
    """An optuna whose sampler has lost the overridden method."""
    picky_tpe.cache_clear()
    monkeypatch.delattr(optuna.samplers.TPESampler, "_compute_acquisition_func")
    monkeypatch.setattr(optuna, "__version__", "9.1.0")
    yield optuna
    picky_tpe.cache_clear()


def test_an_optuna_without_the_overridden_method_is_refused_with_its_version(later):
    """Else its sampler would never ask what is wanted."""
    with pytest.raises(
        Unavailable, match=r"has _compute_acquisition_func, such as 4\.5, got 9\.1\.0; install an older"
    ):
        picky_tpe(later)
