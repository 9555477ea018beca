"""TPE that is told which networks are out of the question before it chooses."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from rcnas_zoo.spec.errors import Unavailable


@lru_cache(maxsize=1)
def picky_tpe(optuna: Any) -> Any:
    """Optuna's TPE sampler as a class with one more first argument: (parameters) -> whether they are wanted.

    Of the candidates that it draws it takes the most promising wanted one; if none is wanted, the most promising. To
    ask the sampler again until it finds one takes three times as long, for each time it fits its densities anew.

    Optuna has no public place for this, so a method is overridden that its own subclasses override, too.

    Raises:
        Unavailable: this version of Optuna does not have that method any more.
    """
    if not hasattr(optuna.samplers.TPESampler, "_compute_acquisition_func"):
        raise Unavailable(
            "TPE must be that of an optuna whose TPESampler has _compute_acquisition_func, such as 4.5, got "
            f"{optuna.__version__}; install an older one, or take another method"
        )

    class PickyTpe(optuna.samplers.TPESampler):  # type: ignore[misc]
        def __init__(self, wanted: Callable[[Mapping[str, Any]], bool], **options: Any) -> None:
            super().__init__(**options)
            self._wanted = wanted
            self._space: Mapping[str, Any] = {}

        def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> Any:
            self._space = search_space
            return super().sample_relative(study, trial, search_space)

        def _compute_acquisition_func(self, samples: Mapping[str, Any], below: Any, above: Any) -> Any:
            promise = super()._compute_acquisition_func(samples, below, above)
            for index in (-promise).argsort(kind="stable"):
                if self._wanted(self._params(samples, index)):
                    promise[index] = float("inf")
                    break
            return promise

        def _params(self, samples: Mapping[str, Any], index: int) -> dict[str, Any]:
            return {name: one.to_external_repr(samples[name][index].item()) for name, one in self._space.items()}

    return PickyTpe
