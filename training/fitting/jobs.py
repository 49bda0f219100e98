"""Many fits on several processors, with the same results as on one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from joblib import Parallel, parallel_config
from threadpoolctl import ThreadpoolController

from training.fitting.parts import find_parts, keeping

__all__ = ["Progress", "count_jobs", "run_tasks"]


Progress = Callable[[], None]


def run_tasks(tasks: Iterable[Any], n_jobs: int, progress: Progress) -> Iterator[Any]:
    """Run delayed tasks, results in order, one thread of linear algebra in each process.

    Results are kept, and those that are kept are not computed again, where
    :func:`training.fitting.parts.keeping` says so.
    """
    tasks, parts = list(tasks), find_parts()
    run = partial(_run, n_jobs=n_jobs)
    for result in run(tasks) if parts is None else parts.go_on(tasks, run):
        yield result
        progress()


def _run(tasks: Sequence[Any], n_jobs: int) -> Iterator[Any]:
    if n_jobs == 1:
        libraries = ThreadpoolController()  # finding them takes as long as a short fit: once
        for function, arguments, keywords in tasks:
            # A task's own tasks are part of its result.
            with keeping(None), libraries.limit(limits=1):
                result = function(*arguments, **keywords)
            yield result
        return
    with parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        yield from Parallel(return_as="generator")(tasks)


def count_jobs() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
