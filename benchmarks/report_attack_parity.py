"""The section on whether our attacks find what the reference codes find."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

from attack_parity import AUTOATTACK, LOOP, PGD
from pairs import unpacked
from report_text import machine_line, paragraph, table
from results import Results, Row

REFERENCES = {"official": "the authors' code", "torchattacks": "torchattacks"}
NETWORKS = {
    "robust-2m": "robust-2m, digits",
    "sat": "SAT, Fashion-MNIST",
    "trades": "TRADES, Fashion-MNIST",
    "mart": "MART, Fashion-MNIST",
}
POINTS = 0.002
AGREEMENT = 0.99
BySeed = dict[int, Row]


def section(results: Results) -> str:
    """Counts, then agreement, then PGD-20; of the numbers of images measured last."""
    title = "## Our AutoAttack against the reference\n"
    parts = [
        title,
        _introduction(results),
        machine_line(results.machine),
        _counts(results),
        _rule(),
        _agreement(results),
    ]
    if results.find(attack=PGD):
        parts += ["### PGD-20 of the RobustResNet protocol\n", *_pgd(results)]
    return "\n".join(parts)


def _introduction(results: Results) -> str:
    return paragraph(
        "The standard version (100 steps, 9 targets, 5,000 queries) on adversarially trained networks: robust-2m of "
        "the catalogue on the digits at linf@1/5, and networks of 'the methods on real images' (WRN-10-1, 2.6 M MACs) "
        f"at linf@1/10, each on a fixed choice of test images. {_references(results)} Counts are images that survive, "
        "seed by seed. The libraries draw their random numbers in other ways, so the same seed does not mean the same "
        "starts."
    )


def _references(results: Results) -> str:
    texts = []
    if row := _last(results.find(library="official")):
        texts.append(f"The authors' code is fra31/auto-attack at commit {row['version'][:12]}.")
    else:
        texts.append("The authors' code was not at hand and is left out.")
    if row := _last(results.find(library="torchattacks")):
        texts.append(f"torchattacks is {row['version']}, with AutoAttack assembled from its parts in these settings.")
    return " ".join(texts)


def _counts(results: Results) -> str:
    header = ["network", "images", "clean", "ours", *REFERENCES.values()]
    rows = []
    for network in NETWORKS:
        if found := _of(results, network, AUTOATTACK):
            some = next(iter(found.values()))
            row = next(iter(some.values()))
            counts = [_survivors(found.get(library, {})) for library in ("ours", *REFERENCES)]
            rows.append([NETWORKS[network], str(row["images"]), str(row["clean"]), *counts])
    return table(header, rows)


def _rule() -> str:
    return paragraph(
        "Agreement: the share of images with the same verdict, ours and the reference's, under the same seed number, "
        "and how many images differ; those that are wrong before any attack count as the same. 'Its own' and 'our own' "
        "are a library's agreement with itself between its seeds, which is what chance alone does. Wanted of "
        f"every seed: at most max({100 * POINTS:.1f} points, one image) more survivors than the reference, and an "
        f"agreement of at least {100 * AGREEMENT:.0f} % or of what the reference reaches with itself."
    )


def _agreement(results: Results) -> str:
    header = ["network, reference", "agreement (differ)", "its own", "our own", "not above", "agrees"]
    rows = []
    for network, name in NETWORKS.items():
        found = _of(results, network, AUTOATTACK)
        for library, label in REFERENCES.items():
            if found.get("ours", {}).keys() & found.get(library, {}).keys():
                rows.append([f"{name}, {label}", *_compared(found["ours"], found[library])])
    return table(header, rows)


def _compared(ours: BySeed, theirs: BySeed) -> list[str]:
    seeds = sorted(ours.keys() & theirs.keys())
    agreements = {seed: _same(ours[seed], theirs[seed]) for seed in seeds}
    own = _itself(theirs)
    wanted = min([AGREEMENT, *own])
    above = {seed: ours[seed]["survived"] - theirs[seed]["survived"] for seed in seeds}
    return [
        ", ".join(f"{_share(agreements[seed])} ({_different(ours[seed], theirs[seed])})" for seed in seeds),
        _mean(own),
        _mean(_itself(ours)),
        _held(above, lambda seed: above[seed] <= max(POINTS * ours[seed]["images"], 1), lambda n: f"{n:+d}"),
        _held(agreements, lambda seed: agreements[seed] >= wanted, _share),
    ]


def _held(values: dict[int, float], holds: Callable[[int], bool], text: Callable[[float], str]) -> str:
    """Yes, or the seeds that fail with their values."""
    failed = [f"seed {seed}: {text(value)}" for seed, value in values.items() if not holds(seed)]
    return f"no ({', '.join(failed)})" if failed else "yes"


def _pgd(results: Results) -> list[str]:
    header = ["network", "images", "clean", LOOP, "ours", "verdicts that differ", "within one image"]
    rows, put_right = [], 0
    for network, name in NETWORKS.items():
        found = _of(results, network, PGD)
        if found.keys() >= {"ours", LOOP}:
            ours, loop = (_last(list(found[library].values())) for library in ("ours", LOOP))
            put_right += loop["put_right"]
            rows.append([name, *_pgd_cells(ours, loop)])
    text = paragraph(
        "`--protocol rrn` against a loop written straight (`benchmarks/straight_pgd.py`) from the same starts: 20 "
        "steps of a tenth of the radius from a start that is not clipped, the last iterate judged. The loop attacks "
        "images that are wrong already too, as that code does; of those it put "
        f"{put_right} right, which are not counted here."
    )
    return [text, table(header, rows)]


def _pgd_cells(ours: Row, loop: Row) -> list[str]:
    numbers = [ours["images"], ours["clean"], loop["survived"], ours["survived"], _different(ours, loop)]
    within = abs(ours["survived"] - loop["survived"]) <= 1
    return [*map(str, numbers), "yes" if within else "no"]


def _of(results: Results, network: str, attack: str) -> dict[str, BySeed]:
    """The rows of each library by seed, of the number of images measured last."""
    found = results.find(network=network, attack=attack)
    found = [row for row in found if row["images"] == found[-1]["images"]]
    return {
        library: {row["seed"]: row for row in found if row["library"] == library}
        for library in dict.fromkeys(row["library"] for row in found)
    }


def _last(rows: Sequence[Row]) -> Row:
    return rows[-1] if rows else {}


def _survivors(rows: BySeed) -> str:
    return ", ".join(str(rows[seed]["survived"]) for seed in sorted(rows)) or "-"


def _different(one: Row, other: Row) -> int:
    verdicts = [unpacked(row["verdict"], row["images"]) for row in (one, other)]
    return int((verdicts[0] != verdicts[1]).sum())


def _same(one: Row, other: Row) -> float:
    return 1 - _different(one, other) / int(one["images"])


def _itself(rows: BySeed) -> list[float]:
    """Agreement of each seed with the next."""
    seeds = sorted(rows)
    return [_same(rows[a], rows[b]) for a, b in pairwise(seeds)]


def _mean(shares: Sequence[float]) -> str:
    return _share(fmean(shares)) if shares else "-"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"
