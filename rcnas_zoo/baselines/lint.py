"""Numbers of a benchmark that cannot all be right; the rules are those that the paper's claims are held to."""

from collections.abc import Iterator, Sequence

from rcnas_zoo.baselines.rows import Row, SeedResult
from rcnas_zoo.evaluation.contradictions import contradictions, radius_contradictions
from rcnas_zoo.spec.threat import ThreatModel


def row_contradictions(rows: Sequence[Row]) -> list[str]:
    """Every contradiction as ``method, seed S: flag``, without tolerance; see `seed_contradictions`."""
    return [
        f"{row.method}, seed {result.seed}: {flag}"
        for row in rows
        for result in row.results
        for flag in seed_contradictions(result)
    ]


def seed_contradictions(result: SeedResult) -> Iterator[str]:
    """Flags of one network: attacks that beat AutoAttack on the same images, and radii at which more images stand.

    AutoAttack sees a subset of the test images, so what it is compared with is what the other attacks found on these.
    Of the radii every attack counts alone: the curve's points, which are worst cases, cannot rise.
    """
    yield from contradictions(result.same_images)
    alone = {ThreatModel.parse(threat).radius: value for threat, value in result.radii_alone.items()}
    yield from radius_contradictions("the curve's attack", alone)
