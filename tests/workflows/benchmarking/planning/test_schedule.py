import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.workflows.benchmarking.planning.schedule import makespan

JOBS = st.lists(st.floats(0, 1000), max_size=30)


@pytest.mark.parametrize(
    ("jobs", "workers", "expected"),
    [([], 2, 0), ([3, 1, 2], 1, 6), ([3, 1, 2], 2, 3), ([1, 1, 4], 2, 5), ([4, 1, 1], 2, 4), ([2, 2], 5, 2)],
)
def test_jobs_that_were_laid_out_by_hand(jobs, workers, expected):
    assert makespan(jobs, workers) == expected


@given(jobs=JOBS, workers=st.integers(1, 6))
def test_the_bounds_of_a_list_schedule(jobs, workers):
    """Graham (1966): never above the mean load plus the longest job, never below either."""
    mean, longest = sum(jobs) / workers, max(jobs, default=0)
    found = makespan(jobs, workers)
    assert max(mean, longest) <= found + 1e-6
    assert found <= mean + longest + 1e-6
