"""What a registered version says of itself in its tags, and when a new one takes a data set's alias from an old one.

The tags lie in the registry's database, not among the artifacts: whoever swaps an artifact cannot swap its hash.
"""

from collections.abc import Mapping
from dataclasses import replace

from rcnas_zoo.spec.canonical import canonical_json, digest, parse_object
from rcnas_zoo.spec.dataset import dataset_slug, default_threat
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.record import Measurement, Record
from rcnas_zoo.spec.tables import percent
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.listing import Listing
from rcnas_zoo.zoo.names import CHAMPION, check_alias

RECORD_TAG = "rcnas.record_sha256"
LISTING_TAG = "rcnas.listing"
CONDITIONS_TAG = "rcnas.conditions"
ROBUST_TAG = "rcnas.robust_accuracy"


def version_tags(name: str, record: Record, record_sha256: str) -> dict[str, str]:
    """The tags of a version: the hash of its record, its row of the index, and what people search for."""
    row = replace(Listing.of(record, "registry"), name=name)
    tags = {
        RECORD_TAG: record_sha256,
        LISTING_TAG: canonical_json(row.to_dict()),
        "rcnas.spec_digest": record.spec_digest,
        "rcnas.dataset": row.dataset,
        "rcnas.threat": row.threat,
        "rcnas.macs": str(row.macs),
    }
    if record.measured:
        tags[ROBUST_TAG] = repr(record.measured[0].robust_accuracy)
        tags[CONDITIONS_TAG] = _conditions(record.measured[0])
    return {tag: value for tag, value in tags.items() if value}


def listing_of(tags: Mapping[str, str], version: int) -> Listing:
    """The row of the index that a version's tags hold."""
    return replace(Listing.from_dict(parse_object(tags[LISTING_TAG], "a listing")), version=version)


def dataset_alias(record: Record) -> str | None:
    """The alias of a record's data set; another than the default threat is part of it; None without a data set.

    ``cifar100``, ``digits-linf-1-10``. A file whose name is an alias with a meaning of its own gets ``data-`` before.
    """
    row = Listing.of(record, "registry")
    if not row.dataset:
        return None
    slug = dataset_slug(row.dataset)
    if row.threat and ThreatModel.parse(row.threat) != default_threat(row.dataset):
        slug = f"{slug}-{ThreatModel.parse(row.threat).slug}"
    try:
        return f"data-{slug}" if slug == CHAMPION else check_alias(slug)
    except InvalidInput:
        return check_alias(f"data-{slug}")


def why_kept(new: Mapping[str, str], old: Mapping[str, str]) -> str:
    """Why an alias stays with the old version; empty if the new one is better.

    Better is a higher robust accuracy under the same attacks and threat on the same images; nothing else compares.
    """
    if CONDITIONS_TAG not in new:
        return "the new version has no measured robust accuracy"
    if new[CONDITIONS_TAG] != old.get(CONDITIONS_TAG):
        return "the two were not measured under the same attacks and threat on the same images"
    ours, theirs = float(new[ROBUST_TAG]), float(old[ROBUST_TAG])
    return "" if ours > theirs else f"the new robust accuracy {percent(ours)} is not above {percent(theirs)}"


def _conditions(measured: Measurement) -> str:
    """Two measurements can be compared if and only if this digest is the same; the seed may differ."""
    return digest(
        {
            "dataset": measured.dataset,
            "split": measured.split,
            "data_digest": measured.data_digest,
            "samples": measured.samples,
            "threat": str(ThreatModel.parse(measured.threat)),
            "attacks": sorted(measured.attacks),
            "settings": measured.settings,
        }
    )
