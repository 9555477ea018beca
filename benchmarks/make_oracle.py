"""The tabular benchmarks: hundreds of networks, each adversarially trained once and attacked in many ways.

python benchmarks/make_oracle.py measure digits --to DIR --share 0/2
python benchmarks/make_oracle.py measure digits --to DIR --share 1/2     (in another shell)
python benchmarks/make_oracle.py measure fashion-mnist --to DIR --share 0/2 --data-root DATA      (and 1/2)

Every network is one line of ``DIR/<oracle>-<share>.jsonl``, written when it is finished; the same command goes on where
it stopped. ``pack`` makes the file that the package ships of all lines.
"""

import json
import os
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import ENGINE_VERSION, TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import ENGINE_VERSION as ATTACK_VERSION
from rcnas_zoo.candidates.verdicts import weights_digest
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.networks.accelerated import keep_freed_memory
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.wide import wide_spec
from rcnas_zoo.oracles.store import write_table
from rcnas_zoo.oracles.table import Table, TableTeacher, stage_numbers
from rcnas_zoo.search.rcnas.lips import lips_statistics
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe

SEED = 0
TEACHERS = {"wrn-16-2": (2, 2), "wrn-22-2": (3, 2), "wrn-16-3": (2, 3), "wrn-16-4": (2, 4)}
"""Name to blocks of a stage and widening factor."""


@dataclass(frozen=True)
class Plan:
    """What one oracle tabulates.

    Attributes:
        input: what the networks take.
        stem_stride: of every network.
        draws: how many networks are drawn, in turn, from those that cost at most so many MACs. Most networks of the
            space are dear, so that without the second draw small budgets would find few.
        radii: the Linf radii, as text, from small to large; the networks are trained for the middle one.
        train_size, evaluation_size: images; 0 means all that the evaluation split leaves.
        autoattack: how many networks are attacked by AutoAttack.
        autoattack_images: on how many images.
    """

    input: InputSpec
    stem_stride: int
    draws: tuple[tuple[int, int], ...]
    radii: tuple[str, str, str]
    train_size: int
    evaluation_size: int
    autoattack: int
    autoattack_images: int

    @property
    def attacks(self) -> list[tuple[str, str]]:
        """Pairs of attack and radius, but for AutoAttack."""
        middle = self.radii[1]
        graded = [(name, radius) for name in ("fgsm", "pgd-20") for radius in self.radii]
        return [*graded, ("cw-40", middle)]

    def teacher(self, name: str) -> ResidualSpec:
        """A teacher by its name."""
        blocks, factor = TEACHERS[name]
        widths = (16 * factor, 32 * factor, 64 * factor)
        return replace(wide_spec((blocks,) * 3, widths, "basic", self.input, 10), stem_stride=self.stem_stride)


PLANS = {
    "digits": Plan(
        InputSpec((1, 8, 8)), 1, ((300, 2_100_000), (340, 1_000_000)), ("3/20", "1/5", "1/4"), 0, 360, 40, 48
    ),
    "fashion-mnist": Plan(
        InputSpec((1, 14, 14)), 2, ((100, 1_800_000), (140, 900_000)), ("1/20", "1/10", "3/20"), 2000, 512, 24, 48
    ),
}


def source_of(name: str, plan: Plan, data_root: Path | None, folder: Path) -> DataSource:
    """Where the images come from; those of Fashion-MNIST are averaged over 2x2 pixels first."""
    if name == "digits":
        return DataSource("digits", evaluation_size=plan.evaluation_size)
    path = folder / "fashion-mnist-14.npz"
    if not path.exists():
        whole = np.load((data_root or Path()) / "fashion-mnist.npz")
        small = {f"{part}_images": halved(whole[f"{part}_images"]) for part in ("train", "test")}
        labels = {f"{part}_labels": whole[f"{part}_labels"] for part in ("train", "test")}
        temporary = folder / f"{os.getpid()}.npz"
        np.savez_compressed(temporary, **small, **labels)
        temporary.rename(path)
    return DataSource(f"npz:{path}", evaluation_size=plan.evaluation_size, train_size=plan.train_size)


def halved(images: np.ndarray) -> np.ndarray:
    """Images (N, H, W) of bytes, averaged over squares of 2x2 pixels and rounded."""
    squares = images.reshape(len(images), 14, 2, 14, 2).astype(np.float32)
    return np.asarray(squares.mean((2, 4)).round(), dtype=np.uint8)


def chosen_specs(plan: Plan) -> list[ResidualSpec]:
    """Distinct networks of the WRN-16-2 space, drawn uniformly from those under each cap."""
    space = ResidualSpace.of(plan.teacher("wrn-16-2"))
    generator = torch.Generator().manual_seed(SEED)
    found: dict[str, ResidualSpec] = {}
    for count, most_macs in plan.draws:
        wanted = len(found) + count
        while len(found) < wanted:
            spec = space.draw(generator)
            if cost(spec).macs <= most_macs:
                found[spec.digest] = spec
    return list(found.values())


def job_of(spec: NetworkSpec, name: str, plan: Plan, source: DataSource, cache: Path) -> TrainingJob:
    """The training of a network: the digits' proxy in the five epochs that RC-NAS gives a candidate."""
    recipe = named_recipe("digits-search").with_changes(epochs=5, threat=f"linf@{plan.radii[1]}")
    return TrainingJob(spec, recipe, SEED, source, cache)


def packed(verdicts: Tensor) -> str:
    """Verdicts as bits in hexadecimal."""
    return np.packbits(verdicts.numpy()).tobytes().hex()


def attack_of(plan: Plan, attack: str, radius: str) -> Any:
    """The attack on networks of a plan."""
    return make_attack(AttackName.parse(attack), ThreatModel.parse(f"linf@{radius}"), 10, 0.0, 1.0).to_the_end()


def margin(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Mean softmax probability of the right class less that of the likeliest wrong one."""
    with torch.no_grad():
        chances = model(images).softmax(1)
    right = chances.gather(1, labels[:, None])[:, 0]
    wrong = chances.scatter(1, labels[:, None], -1.0).amax(1)
    return float((right - wrong).mean())


def attacked(model: nn.Module, images: Images, attack: Any) -> Tensor:
    """The images after all steps of an attack."""
    generator = torch.Generator().manual_seed(SEED)
    moved: Tensor = attack.perturb(model, images.floats(), images.labels, generator)
    return moved


def measure(model: nn.Module, images: Images, plan: Plan) -> dict[str, Any]:
    """Verdicts under every attack and radius, and the margins under one step."""
    verdicts, margins = {}, {"clean": margin(model, images.floats(), images.labels)}
    for radius in plan.radii:
        names = [attack for attack, at in plan.attacks if at == radius]
        report = evaluate(
            model, images.floats(), images.labels, attacks=names, threat=f"linf@{radius}", seed=SEED, batch_size=256
        )
        verdicts["clean"] = packed(report.verdicts["clean"])
        verdicts |= {f"{attack}@{radius}": packed(report.verdicts[attack]) for attack in names}
        moved = attacked(model, images, attack_of(plan, "fgsm", radius))
        margins[radius] = margin(model, moved, images.labels)
    return {"verdicts": verdicts, "margins": margins}


def lips(model: nn.Module, images: Images, plan: Plan) -> dict[str, list[float]]:
    """The Lipschitz statistics of a teacher under every attack and radius."""
    clean = images.floats()
    moved = {pair: attacked(model, images, attack_of(plan, *pair)) for pair in plan.attacks}
    return {f"{attack}@{at}": list(lips_statistics(model, clean, x)) for (attack, at), x in moved.items()}


def row_of(spec: ResidualSpec, name: str, plan: Plan, source: DataSource, cache: Path, teacher: str = "") -> Any:
    """One network, trained and measured."""
    started = time.perf_counter()
    job, images = job_of(spec, name, plan, source, cache), source.splits().evaluation
    trained = train_cached(job)
    model = build(spec).eval()
    model.load_state_dict(trained.last)
    model = model.to(memory_format=torch.channels_last)
    with untouched(model):
        found = measure(model, images, plan)
        statistics = lips(model, images, plan) if teacher else None
    return {
        "spec": spec.to_dict(),
        "teacher": teacher,
        "lips": statistics,
        "weights": weights_digest(trained.last),
        "curve": list(trained.curve),
        "diverged": trained.diverged,
        "training_seconds": trained.seconds,
        "seconds": time.perf_counter() - started,
        **found,
    }


def autoattack_row(spec: ResidualSpec, name: str, plan: Plan, source: DataSource, cache: Path) -> Any:
    """The verdicts of AutoAttack on the first images of the evaluation split."""
    images = source.splits().evaluation.select(range(plan.autoattack_images))
    model = build(spec).eval()
    model.load_state_dict(train_cached(job_of(spec, name, plan, source, cache)).last)
    model = model.to(memory_format=torch.channels_last)
    threat = f"linf@{plan.radii[1]}"
    report = evaluate(model, images.floats(), images.labels, attacks=["autoattack"], threat=threat, seed=SEED)
    found = {f"autoattack@{plan.radii[1]}": packed(report.verdicts["autoattack"])}
    return {"spec": spec.to_dict(), "autoattack": found, "seconds": report.seconds}


def provenance(name: str, plan: Plan, source: DataSource, cache: Path) -> dict[str, Any]:
    """What a reader needs to make the same lines again."""
    splits, spec = source.splits(), plan.teacher("wrn-16-2")
    recipe = job_of(spec, name, plan, source, cache).recipe
    return {
        "train": {"images": len(splits.train), "digest": splits.train.digest},
        "evaluation": {"images": len(splits.evaluation), "digest": splits.evaluation.digest},
        "recipe": recipe.to_dict(),
        "seed": SEED,
        "engines": {"training": ENGINE_VERSION, "attacks": ATTACK_VERSION, "torch": torch.__version__},
    }


@click.group()
def main() -> None:
    """Make the tabular benchmarks."""


@main.command("measure")
@click.argument("name", type=click.Choice(list(PLANS)))
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--share", default="0/1")
@click.option("--first", default=0)
@click.option("--last", type=int)
@click.option("--autoattack", is_flag=True)
@click.option("--data-root", type=click.Path(path_type=Path))
def measure_command(
    name: str, folder: Path, share: str, first: int, last: int | None, autoattack: bool, data_root: Path | None
) -> None:
    """Train and attack this share of the networks; what is measured already is skipped."""
    torch.set_num_threads(1)
    keep_freed_memory()
    folder.mkdir(parents=True, exist_ok=True)
    plan, cache = PLANS[name], folder / "cache"
    source = source_of(name, plan, data_root, folder)
    mine, of = map(int, share.split("/"))
    kind = "autoattack" if autoattack else "rows"
    path = folder / f"{name}-{kind}-{mine}.jsonl"
    done = {json.dumps(json.loads(line)["spec"], sort_keys=True) for line in _lines(path)}
    specs = [(spec, "") for spec in chosen_specs(plan)]
    todo = specs[first : plan.autoattack if autoattack else last][mine::of]
    if not autoattack and first == 0:
        todo = [(plan.teacher(teacher), teacher) for teacher in TEACHERS][mine::of] + todo
    for number, (spec, teacher) in enumerate(todo):
        if json.dumps(spec.to_dict(), sort_keys=True) in done:
            continue
        if autoattack:
            row = autoattack_row(spec, name, plan, source, cache)
        else:
            row = row_of(spec, name, plan, source, cache, teacher)
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        click.echo(f"{name} {number + 1}/{len(todo)}: {row['seconds']:.1f} s", err=True)
    (folder / f"{name}-provenance.json").write_text(json.dumps(provenance(name, plan, source, cache)))


@main.command("pack")
@click.argument("name", type=click.Choice(list(PLANS)))
@click.option("--from", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--to", "path", type=click.Path(path_type=Path), required=True)
def pack_command(name: str, folder: Path, path: Path) -> None:
    """Make the table of all networks that are measured, in the order of their drawing."""
    plan = PLANS[name]
    rows = [json.loads(line) for file in sorted(folder.glob(f"{name}-rows-*.jsonl")) for line in _lines(file)]
    deep = [json.loads(line) for file in sorted(folder.glob(f"{name}-autoattack-*.jsonl")) for line in _lines(file)]
    order = {spec.digest: number for number, spec in enumerate(chosen_specs(plan))}
    found = {NetworkSpec.from_dict(row["spec"]).digest: row for row in rows if not row["teacher"]}
    kept = [found[digest] for digest in sorted(found, key=lambda digest: order[digest])]
    facts = json.loads((folder / f"{name}-provenance.json").read_text())
    table = table_of(name, plan, kept, [row for row in rows if row["teacher"]], deep, facts)
    write_table(table, path)
    click.echo(f"{path}: {len(table)} networks, {path.stat().st_size} bytes")


def table_of(name: str, plan: Plan, rows: list[Any], teachers: list[Any], deep: list[Any], facts: Any) -> Table:
    """The table of measured rows."""
    verdicts = {column: bits([row["verdicts"][key] for row in rows], plan) for key, column in columns(plan).items()}
    accuracy = {column: found.double().mean(1) for column, found in verdicts.items()}
    samples = dict.fromkeys(accuracy, plan.evaluation_size)
    specs = [NetworkSpec.from_dict(row["spec"]) for row in rows]
    if deep:
        attacked_by = {NetworkSpec.from_dict(row["spec"]).digest: row["autoattack"] for row in deep}
        column = f"autoattack linf@{plan.radii[1]}"
        values = [_share(attacked_by.get(spec.digest), plan.autoattack_images) for spec in specs]
        accuracy[column], samples[column] = torch.tensor(values, dtype=torch.float64), plan.autoattack_images
    return Table(
        name=name,
        dataset=name,
        grid=plan.teacher("wrn-16-2"),
        stages=stage_numbers([spec.stages for spec in specs if isinstance(spec, ResidualSpec)]),
        accuracy=accuracy,
        samples=samples,
        margins={_threat(key): torch.tensor([row["margins"][key] for row in rows]) for key in rows[0]["margins"]},
        teachers={row["teacher"]: teacher_of(row, plan) for row in sorted(teachers, key=lambda row: row["teacher"])},
        verdicts=verdicts,
        provenance={
            **facts,
            "seconds": round(sum(row["seconds"] for row in [*rows, *teachers, *deep])),
            "weights": sha256("".join(row["weights"] for row in rows).encode()).hexdigest(),
            "diverged": sum(row["diverged"] for row in rows),
            "script": "benchmarks/make_oracle.py",
        },
    )


def teacher_of(row: Any, plan: Plan) -> TableTeacher:
    """A teacher of measured rows."""
    names = columns(plan)
    accuracy = {names[key]: float(bits([row["verdicts"][key]], plan).double().mean()) for key in names}
    lips = {names[key]: tuple(values) for key, values in row["lips"].items()}
    spec = NetworkSpec.from_dict(row["spec"])
    assert isinstance(spec, ResidualSpec)
    return TableTeacher(spec, accuracy, lips)


def columns(plan: Plan) -> dict[str, str]:
    """What was measured, by the names of the lines and of the table."""
    return {"clean": "clean", **{f"{attack}@{at}": f"{attack} linf@{at}" for attack, at in plan.attacks}}


def bits(rows: list[str], plan: Plan) -> Tensor:
    """Verdicts (rows, images) of bits in hexadecimal."""
    packed_rows = np.array([list(bytes.fromhex(row)) for row in rows], dtype=np.uint8)
    return torch.from_numpy(np.unpackbits(packed_rows, axis=1, count=plan.evaluation_size).astype(bool))


def _share(found: dict[str, str] | None, images: int) -> float:
    if found is None:
        return float("nan")
    (text,) = found.values()
    return int.from_bytes(bytes.fromhex(text), "big").bit_count() / images


def _threat(key: str) -> str:
    return key if key == "clean" else f"linf@{key}"


def _lines(path: Path) -> list[str]:
    """The whole lines of a file; a line that a crash cut off is dropped."""
    if not path.exists():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return whole.splitlines()


if __name__ == "__main__":
    main()
