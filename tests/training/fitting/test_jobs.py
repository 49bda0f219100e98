from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from joblib import delayed
from threadpoolctl import threadpool_info, threadpool_limits

from training.fitting.jobs import count_jobs, run_tasks
from training.fitting.response import TrainingData


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_results_come_in_order_and_each_is_told(n_jobs: int) -> None:
    told: list[int] = []
    tasks = (delayed(divmod)(number, 3) for number in range(7))
    found = list(run_tasks(tasks, n_jobs, lambda: told.append(1)))
    assert found == [divmod(number, 3) for number in range(7)]
    assert len(told) == 7


def test_there_is_at_least_one_processor() -> None:
    assert count_jobs() >= 1


def _find_file(data: TrainingData) -> str:
    return str(getattr(data.X, "filename", ""))


def test_many_rows_lie_in_memory_once_however_many_tasks_need_them() -> None:
    X, nobody = np.zeros((200_000, 1)), np.empty(0)
    data = TrainingData(X, (), ("t1",), {}, nobody, nobody.astype(np.intp))
    found = list(run_tasks([delayed(_find_file)(data) for _ in range(3)], 2, lambda: None))
    assert len(set(found)) == 1 and found[0]


def _count_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_each_task_has_one_thread_and_those_of_the_caller_stay(n_jobs: int) -> None:
    with threadpool_limits(2):
        found = list(run_tasks([delayed(_count_threads)() for _ in range(2)], n_jobs, lambda: None))
        assert all(set(each) == {1} for each in found)
        assert 2 in _count_threads()


_ROOT = Path(__file__).resolve().parents[3]
_TRAINING = """
import os, sys, time
from joblib import delayed
from training.fitting.jobs import run_tasks

def work(folder):
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(600)

list(run_tasks([delayed(work)(sys.argv[1]) for _ in range(2)], 2, lambda: None))
"""


@pytest.mark.skipif(os.name != "posix", reason="a parent that is gone is seen on POSIX only")
def test_workers_end_soon_after_their_parent_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _TRAINING, str(tmp_path)], cwd=_ROOT)
    end = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    workers = [int(file.name) for file in tmp_path.iterdir()]
    assert len(workers) == 2 and all(psutil.pid_exists(pid) for pid in workers)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(psutil.pid_exists(pid) for pid in workers)
