"""Records: what a zoo entry says of itself. Claimed and measured accuracy stand side by side and are never mixed."""

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import (
    canonical_json,
    check_choice,
    check_integer,
    check_list,
    check_mapping,
    check_number,
    check_text,
    dataclass_fields,
    parse_object,
)
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel

FLOAT32 = "float32"
FLOAT16 = "float16"

# Fields that came later: left out where they say nothing new, so that the records of before keep their text and seal.
_UNSAID = {"nominal_parameters": 0, "nominal_macs": 0, "weights_dtype": FLOAT32, "weights_size": 0, "weights_url": ""}
_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*")


@dataclass(frozen=True)
class Claim:
    """Accuracies that a paper states; nothing here was measured by this project.

    Attributes:
        source: where it is stated, such as ``arXiv:2212.11005, table 1``.
        dataset: the data set.
        threat: threat model as text.
        accuracies: attack name (or ``clean``) to accuracy in [0, 1].
    """

    source: str
    dataset: str
    threat: str
    accuracies: dict[str, float]

    def __post_init__(self) -> None:
        check_text("the source of a claim", self.source)
        check_text("the data set of a claim", self.dataset)
        ThreatModel.parse(check_text("the threat of a claim", self.threat))
        _check_accuracies(self.accuracies)

    @classmethod
    def from_dict(cls, data: object) -> "Claim":
        """The claim of plain JSON data, strictly checked."""
        return cls(**dataclass_fields(cls, data, "a claim"))


@dataclass(frozen=True)
class Measurement:
    """Accuracies measured by this project on fixed images under one threat.

    Attributes:
        dataset: the data set.
        split: ``test`` or ``eval``.
        data_digest: content digest of the images and labels attacked.
        threat: threat model as text.
        samples: number of images.
        seed: seed of every random choice of the attacks.
        clean_accuracy: share of images classified rightly, in [0, 1].
        attacks: attack name to accuracy under it, in [0, 1].
        settings: attack name to its full settings.
        robust_accuracy: worst case over the attacks, image by image.
        interval: 95 % Wilson interval of the robust accuracy.
        flags: reasons to doubt the numbers.
    """

    dataset: str
    split: str
    data_digest: str
    threat: str
    samples: int
    seed: int
    clean_accuracy: float
    attacks: dict[str, float]
    settings: dict[str, dict[str, Any]]
    robust_accuracy: float
    interval: tuple[float, float]
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("dataset", "split", "data_digest"):
            check_text(f"the {name} of a measurement", getattr(self, name))
        ThreatModel.parse(check_text("the threat of a measurement", self.threat))
        check_integer("the samples of a measurement", self.samples, 1)
        check_integer("the seed of a measurement", self.seed, 0)
        _check_accuracies({**check_mapping("the attacks of a measurement", self.attacks), "clean": self.clean_accuracy})
        for settings in check_mapping("the settings of a measurement", self.settings).values():
            check_mapping("the settings of an attack", settings)
        check_number("a robust accuracy", self.robust_accuracy, 0, 1)
        low, high = (check_number("an interval end", end, 0, 1) for end in check_list("interval", self.interval, 2))
        object.__setattr__(self, "interval", (low, high))
        flags = check_list("the flags of a measurement", self.flags)
        object.__setattr__(self, "flags", tuple(check_text("a flag", flag) for flag in flags))

    @classmethod
    def from_dict(cls, data: object) -> "Measurement":
        """The measurement of plain JSON data, strictly checked."""
        return cls(**dataclass_fields(cls, data, "a measurement"))


@dataclass(frozen=True)
class Record:
    """One zoo entry.

    Attributes:
        name: what people call it, such as ``robust-5g``.
        made_by: who made it.
        licence: SPDX identifier of the weights' licence.
        created: ISO date.
        spec_digest: digest of ``spec.json``.
        parameters, macs: cost of the network, MACs of one image; effective ones if single weights were pruned.
        dataset: the data set it was trained for, or empty for an architecture alone.
        threat: the threat model it was trained against, or empty.
        recipe: the training recipe, or None for an architecture alone.
        claimed: what papers say of it.
        measured: what was measured here; the first is the headline.
        lineage: where it comes from (task, teacher, run, method, seed ...), plain JSON data.
        files: file name to sha256, for every other file of the entry; ``record.json`` stands for the record's own
            digest without that line (its seal, see the zoo).
        nominal_parameters, nominal_macs: what the same network costs with its zeros; 0 where that is the same.
        weights_dtype: how the floats of the weights are stored, ``float32`` or ``float16``; a network always computes
            in float32.
        weights_url: https address of the weights, for installations that come without them; or empty.
        weights_size: size of the weights in bytes, 0 if there is no such address.

    Raises:
        InvalidInput: a value outside its range.
    """

    name: str
    made_by: str
    licence: str
    created: str
    spec_digest: str
    parameters: int
    macs: int
    dataset: str = ""
    threat: str = ""
    recipe: TrainingRecipe | None = None
    claimed: tuple[Claim, ...] = ()
    measured: tuple[Measurement, ...] = ()
    lineage: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = 1
    nominal_parameters: int = 0
    nominal_macs: int = 0
    weights_dtype: str = FLOAT32
    weights_url: str = ""
    weights_size: int = 0

    def __post_init__(self) -> None:
        check_integer("the format of a record", self.format, 1, 1)
        for name in ("name", "made_by", "licence", "created", "spec_digest", "dataset", "threat"):
            check_text(f"the {name} of a record", getattr(self, name))
        check_integer("the parameters of a record", self.parameters, 1)
        check_integer("the MACs of a record", self.macs, 1)
        check_integer("the nominal parameters of a record", self.nominal_parameters, 0)
        check_integer("the nominal MACs of a record", self.nominal_macs, 0)
        check_choice("the weights_dtype of a record", self.weights_dtype, (FLOAT32, FLOAT16))
        check_integer("the weights_size of a record", self.weights_size, 0)
        if check_text("the weights_url of a record", self.weights_url) and not _HTTPS.fullmatch(self.weights_url):
            raise InvalidInput(
                f"the weights_url of a record must be an https address, got {shortened(self.weights_url)}"
            )
        if self.threat:
            ThreatModel.parse(self.threat)
        check_mapping("the lineage of a record", self.lineage)
        for file, sha256 in check_mapping("the files of a record", self.files).items():
            if not file or "/" in file or "\\" in file or file.startswith("."):
                raise InvalidInput(f"a file of a record must be a plain name in its folder, got {file!r}")
            check_text("the sha256 of a file", sha256)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data. A nominal cost that is the cost, and weights in float32 without an address, are not said."""
        data = {**asdict(self), "recipe": self.recipe.to_dict() if self.recipe else None}
        return {name: value for name, value in data.items() if name not in _UNSAID or value != _UNSAID[name]}

    def to_json(self) -> str:
        """The canonical JSON text."""
        return canonical_json(self.to_dict())

    @classmethod
    def from_dict(cls, data: object) -> "Record":
        """The record of plain JSON data, strictly checked."""
        found = dict(dataclass_fields(cls, data, "a record"))
        if found.get("recipe") is not None:
            found["recipe"] = TrainingRecipe.from_dict(found["recipe"])
        for name, kind in (("claimed", Claim), ("measured", Measurement)):
            items = check_list(f"the {name} of a record", found.get(name, []))
            found[name] = tuple(kind.from_dict(item) for item in items)
        return cls(**found)

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """The record in a JSON text; see `from_dict`."""
        return cls.from_dict(parse_object(text, "a record"))


def _check_accuracies(accuracies: object) -> None:
    for name, value in check_mapping("accuracies", accuracies).items():
        AttackName.parse(name)
        check_number(f"the accuracy under {name}", value, 0, 1)
