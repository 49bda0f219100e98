"""Many fits on several processors, with the same results as on one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from joblib import Parallel, parallel_config
from threadpoolctl import ThreadpoolController

__all__ = ["Progress", "count_jobs", "run_tasks"]


Progress = Callable[[], None]


def run_tasks(tasks: Iterable[Any], n_jobs: int, progress: Progress) -> Iterator[Any]:
    """Run delayed tasks, results in order, one thread of linear algebra in each process."""
    tasks = list(tasks)
    if n_jobs == 1:
        libraries = ThreadpoolController()  # finding them takes as long as a short fit: once
        for function, arguments, keywords in tasks:
            with libraries.limit(limits=1):
                result = function(*arguments, **keywords)
            yield result
            progress()
        return
    with parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        for result in Parallel(return_as="generator")(tasks):
            yield result
            progress()


def count_jobs() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
