"""Model cards: what a record and its spec say, for people, as Markdown."""

from collections.abc import Sequence

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.record import FLOAT32, Claim, Measurement, Record
from rcnas_zoo.spec.tables import percent
from rcnas_zoo.zoo.card_architecture import architecture
from rcnas_zoo.zoo.entry import WEIGHTS
from rcnas_zoo.zoo.markdown import json_block, table, times


def render_card(record: Record, spec: NetworkSpec) -> str:
    """The model card of an entry."""
    sections = [
        f"# {record.name}\n\n{_summary(record, spec)}",
        f"## Facts\n\n{_facts(record, spec)}",
        f"## Architecture\n\n{architecture(spec)}",
        f"## Measured here\n\n{_measured(record.measured)}",
        f"## Claimed elsewhere\n\n{_claimed(record.claimed)}",
        f"## Use\n\n{_use(record)}",
        f"## Training recipe\n\n{_recipe(record)}",
        f"## Lineage\n\n{json_block(record.lineage) if record.lineage else 'Nothing is recorded.'}",
    ]
    return "\n\n".join(sections) + "\n"


def _summary(record: Record, spec: NetworkSpec) -> str:
    what = f"An image classifier of {spec.classes} classes, {format_macs(record.macs)} MACs an image"
    if WEIGHTS not in record.files:
        return f"{what}: an architecture alone, without weights."
    against = f" to stay right under {record.threat}" if record.threat else ""
    return f"{what}, trained on {record.dataset or 'data that is not recorded'}{against}."


def _facts(record: Record, spec: NetworkSpec) -> str:
    given = spec.input
    rows = [
        ("input", f"{times(given.shape)} (channels, height, width), values in [{given.low:g}, {given.high:g}]"),
        ("classes", spec.classes),
        ("parameters", _number(record.parameters, record.nominal_parameters)),
        ("multiply-accumulates (MACs) of one image", _number(record.macs, record.nominal_macs)),
        *_stored(record),
        ("data set", record.dataset or "-"),
        ("threat model it was trained against", record.threat or "-"),
        ("licence", record.licence),
        ("made by", record.made_by),
        ("created", record.created),
        ("spec digest", f"`{record.spec_digest}`"),
    ]
    return table(("fact", "value"), rows)


def _stored(record: Record) -> list[tuple[str, object]]:
    """How the weights are stored and where, if that is not in float32 in every installation."""
    kept = [("weights stored in", record.weights_dtype)] if record.weights_dtype != FLOAT32 else []
    address = [("weights, where they were not installed", f"<{record.weights_url}>, {record.weights_size:,} bytes")]
    return [*kept, *(address if record.weights_url else [])]


def _number(effective: int, nominal: int) -> str:
    """A cost; of a network whose weights were pruned also the one with its zeros."""
    return f"{effective:,} effective, {nominal:,} nominal" if nominal else f"{effective:,}"


def _measured(measured: Sequence[Measurement]) -> str:
    if not measured:
        return "Nothing was measured."
    intro = "Robust accuracy is the worst case over the attacks, image by image; intervals are 95 % Wilson intervals."
    return "\n\n".join([intro, *map(_measurement, measured)])


def _measurement(found: Measurement) -> str:
    head = f"### {found.dataset}, {found.split} split, {found.threat}"
    data = f"Seed {found.seed}, data digest `{found.data_digest}`."
    flags = [f"Reasons for doubt: {'; '.join(found.flags)}."] if found.flags else []
    settings = [f"Settings of the attacks:\n\n{json_block(found.settings)}"] if found.settings else []
    return "\n\n".join([head, data, _accuracies(found), *flags, *settings])


def _accuracies(found: Measurement) -> str:
    # Sorted, for a record loses the order of its attacks when it is stored.
    attacks = [(name, accuracy) for name, accuracy in sorted(found.attacks.items()) if name != "clean"]
    rows = [
        (name, percent(accuracy), found.samples, _range(wilson(round(accuracy * found.samples), found.samples)))
        for name, accuracy in [("none (clean)", found.clean_accuracy), *attacks]
    ]
    worst = ("**all of them**", f"**{percent(found.robust_accuracy)}**", found.samples, _range(found.interval))
    return table(("attack", "accuracy", "samples", "95 % interval"), [*rows, worst])


def _range(interval: tuple[float, float]) -> str:
    return " to ".join(map(percent, interval))


def _claimed(claimed: Sequence[Claim]) -> str:
    if not claimed:
        return "Nothing is claimed."
    rows = [
        (name, percent(value), claim.dataset, claim.threat, claim.source)
        for claim in claimed
        for name, value in sorted(claim.accuracies.items())
    ]
    intro = "Stated by the sources named, not measured here, and not of these weights unless the source says so."
    return f"{intro}\n\n{table(('attack', 'accuracy', 'data set', 'threat', 'source'), rows)}"


def _use(record: Record) -> str:
    name = record.name
    if WEIGHTS not in record.files:
        return (
            f"```bash\nrcnas-zoo pull {name} --architecture\nrcnas-zoo train {name} --dataset DATASET\n```\n\n"
            "```python\nimport rcnas_zoo\nfrom pathlib import Path\n\n"
            'spec = rcnas_zoo.NetworkSpec.from_json(Path("spec.json").read_text())\n'
            "network = rcnas_zoo.build(spec)\n```"
        )
    threat = f" --threat {record.threat}" if record.threat else ""
    return (
        f"```bash\nrcnas-zoo pull {name}\nrcnas-zoo verify {name}\n"
        f"rcnas-zoo evaluate {name} --attack pgd-20 --attack autoattack{threat}\n```\n\n"
        f'```python\nimport rcnas_zoo\n\nmodel = rcnas_zoo.load("{name}")  # or the path of this folder\n```'
    )


def _recipe(record: Record) -> str:
    if record.recipe is None:
        return "None is recorded."
    return f"Digest `{record.recipe.digest}`.\n\n{json_block(record.recipe.to_dict())}"
