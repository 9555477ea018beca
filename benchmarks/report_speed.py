"""The section on speed."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from report_text import machine_line, paragraph, percent, table
from results import Results
from training import GROWTH
from variants import OURS, PLAIN, VARIANTS, Setting

SCRIPTED = "trades"  # the objective whose two plain loops differ by more than a hair


@dataclass(frozen=True)
class Rates:
    """The rates of a setting: variant to round to images a second."""

    setting: Setting
    rounds: dict[str, dict[int, float]]

    def median(self, variant: str) -> float:
        """Images a second."""
        return median(self.rounds[variant].values())

    def spread(self, variant: str) -> str:
        """``812 (800 to 830)``."""
        values = self.rounds[variant].values()
        return f"{self.median(variant):,.0f} ({min(values):,.0f} to {max(values):,.0f})"

    def ratio(self, variant: str, base: str) -> str:
        """Median and range of the ratios of the same round, such as ``2.61 (2.55 to 2.70)``; ``-`` if not known."""
        if variant == base:
            return "1"
        mine, theirs = self.rounds.get(variant, {}), self.rounds.get(base, {})
        ratios = [mine[number] / theirs[number] for number in sorted(mine.keys() & theirs.keys())]
        return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "-"


def rates(results: Results, name: str) -> list[Rates]:
    """The rates of a table, a setting each, in the order of measurement."""
    found: dict[Setting, dict[str, dict[int, float]]] = {}
    for row in results.find(table=name):
        if "images_per_second" in row:
            variants = found.setdefault(Setting(**row["setting"]), {})
            variants.setdefault(row["variant"], {})[row["round"]] = row["images_per_second"]
    return [Rates(setting, variants) for setting, variants in found.items()]


def peaks(results: Results) -> dict[str, float]:
    """The highest matmul rate of any round, by precision, in operations a second."""
    rows = [row for row in results.find(table="peak") if "failed" not in row]
    return {precision: max(row[precision] for row in rows) for precision in ("float32", "bfloat16")}


def section(results: Results) -> str:
    """Comparison and growth on one machine."""
    top = peaks(results)
    where = "a graphics card" if "card" in results.machine else "a processor"
    parts = [f"## Speed of an update on {where}\n", machine_line(results.machine), _peak_text(top), _busy(results)]
    parts += [_comparison(found, top) for found in rates(results, "compare")]
    grown = rates(results, "growth")
    parts += [text for axis in GROWTH for text in _growth(axis, grown, top)]
    parts += [_failures(results)]
    return "\n".join(part for part in parts if part)


def _busy(results: Results) -> str:
    """How much of the machine the samples used: much less than all of it means that something else ran."""
    shares = sorted(row["processor_share"] for row in results.rows if "processor_share" in row)
    if not shares or "card" in results.machine:
        return ""
    return paragraph(
        f"The samples used {percent(median(shares))} % of the processor's time, the worst {percent(shares[0])} %."
    )


def _peak_text(top: dict[str, float]) -> str:
    figures = ", ".join(f"{rate / 1e9:,.0f} GFLOP/s in {precision}" for precision, rate in top.items())
    return paragraph(
        f"Matmul peak, the fastest large product found (`torch.mm`, `F.linear`, 1x1 convolution): {figures}. 'Of peak' "
        "counts the operations that the objective needs, 2 a MAC forward, to the input and to the weights, against the "
        "peak of the precision used. Each sample is a fresh process; rounds take the variants in turn; medians with "
        "the range over rounds, ratios within a round."
    )


def _comparison(found: Rates, top: dict[str, float]) -> str:
    setting = found.setting
    title = f"### {setting.title}, {setting.model}, {setting.size}x{setting.size}, batch {setting.batch}\n"
    with_script = setting.objective == SCRIPTED and "script" in found.rounds
    header = ["loop", "images/s", "x plain", *(["x script"] if with_script else []), "of peak"]
    bases = ["plain", *(["script"] if with_script else [])]
    shown = [variant for variant in VARIANTS if variant in found.rounds and (variant != "script" or with_script)]
    rows = [
        [
            _name(variant),
            found.spread(variant),
            *(found.ratio(variant, base) for base in bases),
            _share(found, variant, top),
        ]
        for variant in shown
    ]
    return "\n".join([title, table(header, rows)])


def _name(variant: str) -> str:
    return variant if variant in PLAIN else f"ours, {variant.replace('-', ', ')}"


def _precision(variant: str) -> str:
    return OURS[variant][0] if variant in OURS else "float32"


def _share(found: Rates, variant: str, top: dict[str, float]) -> str:
    achieved = found.median(variant) * found.setting.operations()
    return f"{100 * achieved / top[_precision(variant)]:.0f} %"


def _growth(axis: str, grown: Sequence[Rates], top: dict[str, float]) -> list[str]:
    """A table for each set of settings that differ along one axis alone."""
    groups: dict[str, list[Rates]] = {}
    for found in grown:
        groups.setdefault(_heading(found.setting, axis), []).append(found)
    return [_group(axis, heading, group, top) for heading, group in groups.items() if len(group) > 1]


def _group(axis: str, heading: str, group: list[Rates], top: dict[str, float]) -> str:
    group = sorted(group, key=lambda found: _value(found.setting, axis))
    shown = [variant for variant in VARIANTS if any(variant in found.rounds for found in group)]
    ours = [variant for variant in shown if variant in OURS]
    header = [axis, *(f"{_name(v)}, images/s (of peak)" for v in shown), *(f"{v} x plain" for v in ours)]
    rows = [[str(_value(found.setting, axis)), *_cells(found, shown, ours, top)] for found in group]
    return "\n".join([f"### Growth with {axis}: {heading}\n", table(header, rows)])


def _cells(found: Rates, shown: Sequence[str], ours: Sequence[str], top: dict[str, float]) -> list[str]:
    speeds = [
        f"{found.median(variant):,.0f} ({_share(found, variant, top)})" if variant in found.rounds else "-"
        for variant in shown
    ]
    return [*speeds, *(found.ratio(variant, "plain") for variant in ours)]


def _parts(setting: Setting) -> dict[str, int]:
    """The sizes of a setting by axis; width and depth are those of the name ``wrn-D-K``, else 0."""
    family, *numbers = setting.model.split("-")
    depth, width = map(int, numbers) if family == "wrn" and all(map(str.isdigit, numbers)) else (0, 0)
    return {"width": width, "depth": depth, "batch": setting.batch, "size": setting.size}


def _value(setting: Setting, axis: str) -> int:
    return _parts(setting)[axis]


def _heading(setting: Setting, axis: str) -> str:
    """All but the axis: equal for the settings of one table."""
    sizes = {**_parts(setting), axis: "N"}
    known = sizes["depth"] or sizes["width"]
    model = f"wrn-{sizes['depth']}-{sizes['width']}" if known else setting.model
    words = {"size": f"{setting.size}x{setting.size}", "batch": f"batch {setting.batch}"}
    return ", ".join([setting.title, model, *(text for name, text in words.items() if name != axis)])


def _failures(results: Results) -> str:
    rows = [row for row in results.rows if "failed" in row]
    names = [f"- {row.get('setting', row['table'])}, {row.get('variant', '')}: {row['failed']}" for row in rows]
    return "\n".join(["Not measured:\n", *dict.fromkeys(names), ""]) if rows else ""
