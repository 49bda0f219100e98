from __future__ import annotations

import pytest
from joblib import delayed

from training.fitting.jobs import count_jobs, run_tasks


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_order_and_each_is_told(n_jobs: int) -> None:
    told: list[int] = []
    tasks = (delayed(divmod)(number, 3) for number in range(7))
    found = list(run_tasks(tasks, n_jobs, lambda: told.append(1)))
    assert found == [divmod(number, 3) for number in range(7)]
    assert len(told) == 7


def test_there_is_at_least_one_processor() -> None:
    assert count_jobs() >= 1
