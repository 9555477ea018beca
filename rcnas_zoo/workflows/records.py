"""The record of a network that this package made."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from rcnas_zoo.networks.cost import stated_cost
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.record import Claim, Measurement, Record
from rcnas_zoo.version import VERSION

NO_LICENCE = "NOASSERTION"


def new_record(
    name: str,
    spec: NetworkSpec,
    *,
    dataset: str = "",
    recipe: TrainingRecipe | None = None,
    measured: tuple[Measurement, ...] = (),
    claimed: tuple[Claim, ...] = (),
    lineage: Mapping[str, Any] | None = None,
    licence: str = NO_LICENCE,
) -> Record:
    """A record made by this version of the package today; the threat is the one it was trained against, if any."""
    return Record(
        name=name,
        made_by=f"rcnas-zoo {VERSION}",
        licence=licence,
        created=datetime.now(timezone.utc).date().isoformat(),
        spec_digest=spec.digest,
        dataset=dataset,
        threat=recipe.threat if recipe and recipe.objective != "clean" else "",
        recipe=recipe,
        claimed=claimed,
        measured=measured,
        lineage=dict(lineage or {}),
        **stated_cost(spec),
    )
