"""Rows of ``rcnas-zoo list``: what a record says in one line, and which rows somebody asks for."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rcnas_zoo.spec.canonical import (
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_text,
    dataclass_fields,
)
from rcnas_zoo.spec.record import Record
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.entry import WEIGHTS
from rcnas_zoo.zoo.names import check_name

SOURCES = ("registry", "catalogue")


@dataclass(frozen=True)
class Listing:
    """One row.

    Attributes:
        name: zoo name, without alias or version.
        version: version in the registry; None in the catalogue.
        dataset: data set of the accuracies, or the one it was trained for; empty for an architecture alone.
        macs, parameters: cost, MACs of one image.
        threat: threat model of the accuracies, or the one it was trained against; empty for an architecture alone.
        clean_accuracy, robust_accuracy: of the first measurement, in [0, 1]; None if nothing was measured.
        source: ``registry`` or ``catalogue``.
        weights: whether there are weights.
        nominal_macs: MACs with the zeros of pruned weights; 0 means `macs`, which then stands here.

    Raises:
        InvalidInput: a value outside its range.
    """

    name: str
    version: int | None
    dataset: str
    macs: int
    parameters: int
    threat: str
    clean_accuracy: float | None
    robust_accuracy: float | None
    source: str
    weights: bool
    nominal_macs: int = 0

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.version is not None:
            check_integer("the version of a listing", self.version, 1)
        check_text("the data set of a listing", self.dataset)
        check_integer("the MACs of a listing", self.macs, 1)
        check_integer("the parameters of a listing", self.parameters, 1)
        nominal = check_integer("the nominal MACs of a listing", self.nominal_macs, 0) or self.macs
        object.__setattr__(self, "nominal_macs", nominal)
        if check_text("the threat of a listing", self.threat):
            object.__setattr__(self, "threat", str(ThreatModel.parse(self.threat)))
        for accuracy in (self.clean_accuracy, self.robust_accuracy):
            if accuracy is not None:
                check_number("an accuracy of a listing", accuracy, 0, 1)
        check_choice("the source of a listing", self.source, SOURCES)
        check_flag("the weights of a listing", self.weights)

    @classmethod
    def of(cls, record: Record, source: str, version: int | None = None) -> "Listing":
        """The row of a record; the first measurement is its headline."""
        headline = record.measured[0] if record.measured else None
        return cls(
            name=record.name,
            version=version,
            dataset=headline.dataset if headline else record.dataset,
            macs=record.macs,
            parameters=record.parameters,
            threat=headline.threat if headline else record.threat,
            clean_accuracy=headline.clean_accuracy if headline else None,
            robust_accuracy=headline.robust_accuracy if headline else None,
            source=source,
            weights=WEIGHTS in record.files,
            nominal_macs=record.nominal_macs,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, as ``list --json`` prints it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> "Listing":
        """The row of plain JSON data, strictly checked."""
        return cls(**dataclass_fields(cls, data, "a listing"))


def select(
    listings: Iterable[Listing],
    *,
    dataset: str | None = None,
    max_macs: int | None = None,
    min_robust: float | None = None,
    threat: ThreatModel | None = None,
) -> list[Listing]:
    """The rows that meet every condition given, in their order.

    A row without a measured robust accuracy meets no ``min_robust``, not even 0.
    """
    return [
        row
        for row in listings
        if (dataset is None or row.dataset == dataset)
        and (max_macs is None or row.macs <= max_macs)
        and (min_robust is None or (row.robust_accuracy is not None and row.robust_accuracy >= min_robust))
        and (threat is None or row.threat == str(threat))
    ]
