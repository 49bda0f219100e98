from __future__ import annotations

import pytest
from joblib import delayed
from threadpoolctl import threadpool_info, threadpool_limits

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


def _count_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_task_has_one_thread_and_those_of_the_caller_stay(n_jobs: int) -> None:
    with threadpool_limits(2):
        found = list(run_tasks([delayed(_count_threads)() for _ in range(2)], n_jobs, lambda: None))
        assert all(set(each) == {1} for each in found)
        assert 2 in _count_threads()
