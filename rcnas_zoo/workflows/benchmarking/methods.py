"""The methods that a benchmark on one task knows, by family."""

from rcnas_zoo.search.registry import METHODS as SEARCHES

RULE = "robustresnet"
SEARCH = ("rc-nas", *(name for name in SEARCHES if name not in ("rc-nas", RULE)))
"""Search a compressed network, then train it."""
REFERENCE = ("teacher", "sat", "trades", "mart")
"""Train the teacher's own architecture; what it costs is said and does not count against them."""
CELLS = ("advrush", "racl", "darts-v2", "pdarts", "lrnas", "robnet")
ARCHITECTURE = (RULE, *CELLS)
"""Train the network that a rule or published genotype gives for the budget."""
PRUNING = ("hydra", "harp", "r-admm", "magnitude")
"""Prune the teacher to the budget."""

METHODS = (*SEARCH, *REFERENCE, *ARCHITECTURE, *PRUNING)
DEFAULT = (
    "rc-nas",
    "r-nas",
    "random",
    RULE,
    "teacher",
    "trades",
    "mart",
    "sat",
    "hydra",
    "harp",
    "advrush",
)
