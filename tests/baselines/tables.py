"""Tables of made-up results, for the tests of what is made of them."""

from fractions import Fraction

from rcnas_zoo.baselines.rows import Row, SeedResult
from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.teacher import TeacherName

BUDGET = 2_000_000


def spec_of(name):
    return teacher_spec(TeacherName.parse(name), InputSpec((1, 8, 8)), 10)


def result_of(seed, robust, name="wrn-10-1", **fields):
    spec = spec_of(name)
    price = cost(spec)
    attacks = {"pgd-20": robust + 0.01, "cw-40": robust, "autoattack": robust - 0.05}
    same = {"pgd-20": robust, "cw-40": robust, "autoattack": robust - 0.05}
    return SeedResult(
        seed=seed,
        spec=spec,
        parameters=price.parameters,
        macs=price.macs,
        clean_accuracy=0.9,
        samples={"clean": 360, "pgd-20": 360, "cw-40": 360, "autoattack": 64},
        robust_accuracy=robust,
        **{"attacks": attacks, "same_images": same, "nominal_macs": price.macs, **fields},
    )


def row_of(method, values, name="wrn-10-1", **fields):
    results = tuple(result_of(seed, value, name, **fields) for seed, value in enumerate(values))
    return Row(method, BUDGET, results)


def table_of(*rows, **fields):
    return BenchmarkTable("digits/pgd-20/wrn-16-2/2m", "linf@1/5", BUDGET, (0, 1, 2), 1, rows, **fields)


def curve_of(*values):
    """The fields of a result whose curve has these values, at every tenth."""
    found = {f"linf@{Fraction(tenth, 10)}": value for tenth, value in enumerate(values, start=1)}
    return {"radii": found, "radii_alone": found}


def curved_table():
    """With radii and searches."""
    spent = {"seconds": 90.0, "search": SearchCost(4, 50.0, 10.0)}
    return table_of(
        row_of("rc-nas", [0.7, 0.72, 0.71], **curve_of(0.8, 0.7, 0.2), **spent),
        row_of("sat", [0.6, 0.66, 0.63], "wrn-16-2", **curve_of(0.75, 0.6, 0.3), seconds=30.0),
    )


def whole_table():
    return table_of(
        row_of("rc-nas", [0.7, 0.72, 0.71], rewards=(0.5, 0.8, 0.7)),
        row_of("random", [0.6, 0.66, 0.63], rewards=(0.4, 0.3, 0.6)),
        row_of("teacher", [0.8, 0.81, 0.82], "wrn-16-2"),
        Row("hydra_x", BUDGET, infeasible="a share & <b>10 %</b> of the weights is too little"),
        notes=("3 seeds tell little",),
    )
