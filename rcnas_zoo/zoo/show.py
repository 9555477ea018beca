"""What ``rcnas-zoo show`` says of an entry, or of a policy."""

from dataclasses import asdict
from typing import Any

from rcnas_zoo.zoo.entry import Entry
from rcnas_zoo.zoo.policy_registry import FoundPolicy


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
        "nominal_parameters": record.nominal_parameters or record.parameters,
        "nominal_macs": record.nominal_macs or record.macs,
    }


def describe_policy(found: FoundPolicy) -> dict[str, Any]:
    """Plain JSON data: version, source, folder, and all that ``policy.json`` says."""
    facts = {"version": found.version, "source": found.source, "folder": str(found.entry.folder.absolute())}
    return {**found.entry.config.to_dict(), **facts}
