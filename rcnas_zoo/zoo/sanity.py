"""Whether the measured numbers of a record can be true, as far as the numbers alone tell."""

from collections.abc import Iterator, Sequence

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.record import Measurement, Record

STRONGEST = "autoattack"
WEAKER_FAMILIES = ("clean", "fgsm", "pgd", "cw")

SLACK = 0.01
"""How far AutoAttack may stay behind a weaker attack: it is an ensemble of other attacks, so that a few images may fall
to the weaker one alone. More than that means that one of the two ran wrongly."""

_ROUNDING = 5e-5


def check_measurements(record: Record) -> None:
    """The measured numbers agree with one another.

    Raises:
        IntegrityError: they do not; every contradiction is named.
    """
    faults = [fault for found in record.measured for fault in _faults(found, record.measured)]
    if faults:
        raise IntegrityError(f"measured numbers must agree with one another, but {'; '.join(faults)}")


def _faults(found: Measurement, measured: Sequence[Measurement]) -> Iterator[str]:
    yield from _robust_faults(found)
    yield from _share_faults(found)
    yield from _order_faults(found, measured)
    for name in sorted(set(found.attacks) - set(found.settings) - {"clean"}):
        yield f"the settings of {name} are not recorded"


def _robust_faults(found: Measurement) -> Iterator[str]:
    low, high = found.interval
    robust = found.robust_accuracy
    if not low - _ROUNDING <= robust <= high + _ROUNDING:
        yield f"the robust accuracy {robust} lies outside its interval [{low}, {high}]"
    for name, accuracy in {"clean": found.clean_accuracy, **found.attacks}.items():
        if robust > accuracy + _ROUNDING:
            yield f"the robust accuracy {robust} is above the accuracy under {name}, {accuracy}"


def _share_faults(found: Measurement) -> Iterator[str]:
    numbers = {"robust": found.robust_accuracy, "clean": found.clean_accuracy, **found.attacks}
    for name, accuracy in numbers.items():
        if abs(accuracy - round(accuracy * found.samples) / found.samples) > _ROUNDING:
            yield f"the {name} accuracy {accuracy} is no share of {found.samples} images"


def _order_faults(found: Measurement, measured: Sequence[Measurement]) -> Iterator[str]:
    if STRONGEST not in found.attacks:
        return
    slack = max(SLACK, 1 / found.samples) + _ROUNDING
    for other in measured:
        if (other.data_digest, other.threat) != (found.data_digest, found.threat):
            continue
        for name, accuracy in {"clean": other.clean_accuracy, **other.attacks}.items():
            if AttackName.parse(name).family in WEAKER_FAMILIES and found.attacks[STRONGEST] > accuracy + slack:
                yield f"{STRONGEST} leaves {found.attacks[STRONGEST]} where the weaker {name} leaves {accuracy}"
