"""A picture of what is left of the teacher, stage by stage (RC-NAS Fig. 1, 4 and 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.residual_cost import stage_costs
from rcnas_zoo.reporting.drawing import COLOURS, macs_unit, new_figure, png
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.residual import ResidualSpec

TEACHER = "#c8c8c8"
GROUP = 0.84
"""Share of a stage's room that its bars take."""


def compression_picture(title: str, teacher: ResidualSpec, networks: Mapping[str, ResidualSpec]) -> bytes:
    """A PNG with the remaining width, depth and MACs of every stage of some networks, against the teacher's.

    Width and depth are shares of the teacher's (Fig. 4), with the channels and blocks themselves above the bars; MACs
    stand before those of the teacher in grey, with the share that is left (Fig. 1, lower row). MACs outside the
    stages, in stem and classifier, are not shown.

    Args:
        title: what is shown.
        teacher: the network that was compressed.
        networks: name to network, each of as many stages as the teacher.
    """
    figure = new_figure(11, 4.4)
    widths, depths, macs = figure.subplots(1, 3)
    for panel, what, field in ((widths, "width", "width"), (depths, "depth", "depth")):
        _draw_shares(panel, teacher, networks, field)
        panel.axhline(100, color="grey", linestyle=":", linewidth=1)
        panel.set(ylabel=f"remaining {what} (% of the teacher)", title=_TITLES[field])
    _draw_macs(macs, teacher, networks)
    for panel in (widths, depths, macs):
        panel.set_xticks(range(len(teacher.stages)), [f"stage {i}" for i in range(1, len(teacher.stages) + 1)])
        panel.grid(alpha=0.3, axis="y")
        panel.set_axisbelow(True)
        panel.margins(y=0.12)
    _legend(figure, teacher, networks)
    figure.suptitle(title)
    return png(figure)


_TITLES = {"width": "base channels (↓ halves the map)", "depth": "blocks"}


def _draw_shares(axes: Any, teacher: ResidualSpec, networks: Mapping[str, ResidualSpec], field: str) -> None:
    whole = [getattr(stage, field) for stage in teacher.stages]
    for number, spec in enumerate(networks.values()):
        values = [getattr(stage, field) for stage in spec.stages]
        labels = [str(value) for value in values]
        if field == "width":
            labels = [f"{label}{'↓' * (s.stride == 2)}" for label, s in zip(labels, spec.stages, strict=True)]
        shares = [100 * value / full for value, full in zip(values, whole, strict=True)]
        _bars(axes, number, len(networks), spec, shares, labels)


def _draw_macs(axes: Any, teacher: ResidualSpec, networks: Mapping[str, ResidualSpec]) -> None:
    whole = [each.macs for each in stage_costs(teacher)]
    unit, name = macs_unit(max(whole))
    axes.bar(range(len(whole)), [macs / unit for macs in whole], width=0.96, color=TEACHER)
    for number, spec in enumerate(networks.values()):
        values = [each.macs for each in stage_costs(spec)]
        labels = [f"{100 * value / full:.0f}%" for value, full in zip(values, whole, strict=True)]
        _bars(axes, number, len(networks), spec, [value / unit for value in values], labels)
    axes.set(ylabel=f"cost of a stage ({name})", title="MACs, and the share that is left")


def _bars(
    axes: Any, number: int, count: int, spec: ResidualSpec, heights: Sequence[float], labels: Sequence[str]
) -> None:
    width = GROUP / count
    places = [stage - GROUP / 2 + width * (number + 0.5) for stage in range(len(heights))]
    drawn = axes.bar(places, heights, width=0.92 * width, color=COLOURS[number % len(COLOURS)], edgecolor="white")
    for bar, stage in zip(drawn, spec.stages, strict=True):
        bar.set_hatch("///" if stage.block == "robust" else "")
    axes.bar_label(drawn, labels, fontsize=7.5 if count < 4 else 6, padding=1)


def _legend(figure: Any, teacher: ResidualSpec, networks: Mapping[str, ResidualSpec]) -> None:
    from matplotlib.patches import Patch

    whole = cost(teacher).macs
    entries = [Patch(color=TEACHER, label=f"teacher: {format_macs(whole)} MACs")]
    for number, (name, spec) in enumerate(networks.items()):
        macs = cost(spec).macs
        label = f"{name}: {format_macs(macs)} MACs, {100 * macs / whole:.0f} %"
        entries.append(Patch(color=COLOURS[number % len(COLOURS)], label=label))
    entries.append(Patch(facecolor="grey", edgecolor="white", hatch="///", label="robust blocks"))
    figure.legend(handles=entries, loc="outside lower center", ncols=min(len(entries), 3), fontsize=9)
