"""Many fits on several processors, with the same results as on one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from joblib import Parallel, parallel_config
from threadpoolctl import ThreadpoolController

from training.fitting.parts import find_parts, keeping

__all__ = ["Progress", "count_jobs", "run_tasks"]


Progress = Callable[[], None]

_LOOK_SECONDS = 1.0


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
    with parallel_config(
        "loky",
        n_jobs=n_jobs,
        inner_max_num_threads=1,
        initializer=_end_with,
        initargs=(os.getpid(),),
    ):
        yield from Parallel(return_as="generator")(tasks)


def _end_with(parent: int) -> None:
    """End this worker soon after its parent was killed: on its own it would wait for minutes."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)  # nobody takes the result, nor waits for this process

    threading.Thread(target=look, daemon=True).start()


def count_jobs() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
