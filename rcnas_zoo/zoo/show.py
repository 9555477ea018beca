"""What ``rcnas-zoo show`` says of an entry."""

from dataclasses import asdict
from typing import Any

from rcnas_zoo.zoo.entry import Entry


def describe(entry: Entry, version: int | None = None) -> dict[str, Any]:
    """Plain JSON data: name, version, spec, digest, cost, input, threat, claims, measurements, weights."""
    record = entry.record
    return {
        "name": record.name,
        "version": version,
        "spec": entry.spec.to_dict(),
        "digest": record.spec_digest,
        "parameters": record.parameters,
        "macs": record.macs,
        "input_shape": list(entry.spec.input.shape),
        "threat": record.threat,
        "claimed": [asdict(claim) for claim in record.claimed],
        "measured": [asdict(found) for found in record.measured],
        "weights": entry.has_weights,
    }
