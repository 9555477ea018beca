"""Hypothesis strategies for the words of floor 0, and for JSON that is nearly right."""

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any

from hypothesis import strategies as st

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.cells import MAX_CHANNELS, MAX_LAYERS, OPERATIONS, CellPlan, CellSpec, EdgeSpec
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import (
    INNER_ATTACKS,
    MODES,
    OBJECTIVES,
    PRECISIONS,
    SCHEDULES,
    STATISTICS,
    TrainingRecipe,
)
from rcnas_zoo.spec.record import Claim, Measurement, Record
from rcnas_zoo.spec.residual import ACTIVATIONS, ResidualSpec, StageSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.teacher import TeacherName
from rcnas_zoo.spec.threat import ThreatModel

SHARES = st.floats(0, 1)
STRIDES = st.sampled_from([1, 2])
WORDS = st.text(max_size=12)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS, st.just(10**400)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=4)

LINF = st.builds(ThreatModel, st.just("linf"), st.fractions(Fraction(1, 10**6), 1, max_denominator=10**9))
L2 = st.builds(ThreatModel, st.just("l2"), st.fractions(Fraction(1, 10**6), 10**6, max_denominator=10**9))
THREATS = LINF | L2
BUDGETS = st.builds(Budget, st.integers(1, 10**18))
TEACHERS = st.builds(TeacherName, st.integers(1, 1665).map(lambda blocks: 6 * blocks + 4), st.integers(1, 256))
ATTACKS = st.one_of(
    st.sampled_from(["clean", "fgsm", "autoattack"]).map(AttackName),
    st.builds(AttackName, st.sampled_from(["pgd", "cw"]), st.integers(1, 99_999)),
    st.builds(AttackName, st.just("torchattacks"), peer=st.from_regex(r"[A-Za-z][A-Za-z0-9]*", fullmatch=True)),
)
PATHS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).map(lambda path: f"npz:{path}")
TASKS = st.builds(Task, st.sampled_from(list(DATASETS)) | PATHS, ATTACKS, TEACHERS, BUDGETS)

SIDES = st.integers(1, 4096)
INPUTS = st.builds(InputSpec, st.tuples(SIDES, SIDES, SIDES), st.floats(-1e9, 0), st.floats(1e-9, 1e9))
STAGES = st.one_of(
    st.builds(StageSpec, st.integers(1, 1024), st.integers(1, 16384), STRIDES, st.just("basic")),
    st.builds(StageSpec, st.integers(1, 1024), st.integers(16, 16384), STRIDES, st.just("robust")),
)
SPECS = st.builds(
    ResidualSpec,
    INPUTS,
    st.integers(2, 1_000_000),
    st.lists(STAGES, min_size=1, max_size=16).map(tuple),
    stem_width=st.integers(1, 16384),
    stem_stride=STRIDES,
    activation=st.sampled_from(ACTIVATIONS),
)


@st.composite
def cells(draw: st.DrawFn) -> CellPlan:
    """Cells of one to five nodes, each with one to four edges from any earlier state."""
    operations = st.sampled_from(OPERATIONS)
    return CellPlan(
        tuple(
            tuple(draw(st.lists(st.builds(EdgeSpec, operations, st.integers(0, node + 1)), min_size=1, max_size=4)))
            for node in range(draw(st.integers(1, 5)))
        )
    )


CELLS = cells()
CELL_SPECS = st.builds(
    CellSpec,
    INPUTS,
    st.integers(2, 1_000_000),
    CELLS,
    CELLS,
    channels=st.integers(2, MAX_CHANNELS),
    layers=st.integers(1, MAX_LAYERS),
    stem_multiplier=st.integers(1, 16),
    stem_stride=STRIDES,
    affine=st.booleans(),
)
NETWORKS = SPECS | CELL_SPECS

# The objective fast makes one attack step; every other any number. Only one step of PGD may start from noise.
METHODS = st.tuples(st.sampled_from(OBJECTIVES), st.integers(1, 10_000)).map(
    lambda pair: {"objective": pair[0], "attack_steps": 1 if pair[0] == "fast" else pair[1]}
)
STARTING = st.one_of(
    st.fixed_dictionaries(
        {
            "attack_start": st.sampled_from(["gaussian", "uniform"]),
            "inner_attack": st.sampled_from(["", *INNER_ATTACKS]),
        }
    ),
    st.just({"attack_start": "noise", "attack_steps": 1, "inner_attack": "pgd-ce"}),
)
SETTINGS = st.builds(
    dict,
    threat=LINF.map(str),
    beta=st.floats(0, 1e6),
    attack_step_size=st.floats(0, 10),
    epochs=st.integers(1, 100_000),
    learning_rate=st.floats(0, 100),
    nesterov=st.booleans(),
    schedule=st.sampled_from(SCHEDULES),
    milestones=st.lists(SHARES, max_size=4).map(lambda shares: tuple(sorted(shares))),
    selection_attack=ATTACKS.map(str) | st.just("none"),
    attack_mode=st.sampled_from(MODES),
    bn_statistics=st.sampled_from(STATISTICS),
    weight_perturbation=SHARES,
    perturbation_start=SHARES,
    weight_average=st.floats(0, 0.999999),
    label_smoothing=st.floats(0, 0.999),
    warmup=st.floats(0, 0.9),
    cutout=st.integers(0, 1024),
    precision=st.sampled_from(PRECISIONS),
)
RECIPES = st.builds(lambda *parts: TrainingRecipe(**reduce(or_, parts)), SETTINGS, METHODS, STARTING)

ACCURACIES = st.dictionaries(ATTACKS.map(str), SHARES, max_size=4)
CLAIMS = st.builds(Claim, WORDS, WORDS, THREATS.map(str), ACCURACIES)
MEASUREMENTS = st.builds(
    Measurement,
    dataset=WORDS,
    split=st.sampled_from(["test", "eval"]),
    data_digest=WORDS,
    threat=THREATS.map(str),
    samples=st.integers(1, 10**6),
    seed=st.integers(0, 2**63),
    clean_accuracy=SHARES,
    attacks=ACCURACIES,
    settings=st.dictionaries(ATTACKS.map(str), OBJECTS, max_size=2),
    robust_accuracy=SHARES,
    interval=st.tuples(SHARES, SHARES),
    flags=st.lists(WORDS, max_size=3).map(tuple),
)
RECORDS = st.builds(
    Record,
    name=WORDS,
    made_by=WORDS,
    licence=WORDS,
    created=WORDS,
    spec_digest=WORDS,
    parameters=st.integers(1, 10**12),
    macs=st.integers(1, 10**15),
    dataset=WORDS,
    threat=THREATS.map(str) | st.just(""),
    recipe=st.none() | RECIPES,
    claimed=st.lists(CLAIMS, max_size=2).map(tuple),
    measured=st.lists(MEASUREMENTS, max_size=2).map(tuple),
    lineage=OBJECTS,
    files=st.dictionaries(st.from_regex(r"[a-z]+\.(json|md)", fullmatch=True), WORDS, max_size=3),
    weights_dtype=st.sampled_from(["float32", "float16"]),
    weights_url=st.just("") | st.from_regex(r"https://[a-z.]{1,9}(:[0-9]{1,5})?/[!-~]*", fullmatch=True),
    weights_size=st.integers(0, 10**12),
)


def damaged(valid: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A JSON document with one value, at any depth, replaced by any other."""
    return st.builds(_replaced, st.just(valid), st.sampled_from(list(_places(valid))), JSON)


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    yield ()
    for key, child in _children(value):
        yield from ((key, *rest) for rest in _places(child))


def _replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    items = [(key, _replaced(child, place[1:], new) if key == place[0] else child) for key, child in _children(value)]
    return dict(items) if isinstance(value, dict) else [child for _, child in items]


def _children(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
