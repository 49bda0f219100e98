"""Many fits on several processors, with the same results as on one.

Whoever begins long work says where its tasks run (:func:`running_on`), and :func:`run_tasks` asks:
nothing between the two computes otherwise on a cluster than here, and none of it need know of one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from joblib import Parallel, parallel_config
from threadpoolctl import ThreadpoolController

from training.fitting.parts import find_parts, keeping

__all__ = ["Engine", "Progress", "count_jobs", "find_engine", "run_tasks", "running_on"]


Progress = Callable[[], None]

_LOOK_SECONDS = 1.0


class Engine(Protocol):
    """Where tasks run."""

    def run(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the place and the result of each task, in whichever order they end.

        Parameters
        ----------
        tasks : sequence of tuple
            As `joblib.delayed` makes them: a function, its arguments, its keywords. Each has one
            thread of linear algebra, and its result depends on nothing else.
        """

    def stream(
        self, function: Callable[..., Any], items: Iterable[Any], common: Any
    ) -> Iterator[Any]:
        """Yield ``function(item, common)`` of each item, in whichever order they end.

        Parameters
        ----------
        function : callable
            As that of a task.
        items : iterable
            Any number, taken as they are needed: only a few are on their way at once. Whoever
            asks keeps what ended, and can go on from there.
        common : object
            What all of them need; sent once.
        """


_ENGINE: ContextVar[Engine | None] = ContextVar("engine", default=None)


@contextmanager
def running_on(engine: Engine) -> Iterator[None]:
    """Have all tasks inside the block run there, and not in processes of this machine."""
    token = _ENGINE.set(engine)
    try:
        yield
    finally:
        _ENGINE.reset(token)


def find_engine() -> Engine | None:
    """Return where tasks run just now; None in processes of this machine."""
    return _ENGINE.get()


def run_tasks(tasks: Iterable[Any], n_jobs: int, progress: Progress) -> Iterator[Any]:
    """Run delayed tasks, results in order, one thread of linear algebra in each process.

    Results are kept, and those that are kept are not computed again, where
    :func:`training.fitting.parts.keeping` says so.

    Parameters
    ----------
    tasks : iterable of tuple
        As :meth:`Engine.run` takes them.
    n_jobs : int
        Processes, where :func:`running_on` says nothing else.
    progress : callable
        Called as each task ends.
    """
    tasks, parts = list(tasks), find_parts()
    engine = find_engine()
    run = _Local(n_jobs).run if engine is None else engine.run
    ended, due = {}, 0
    for place, result in run(tasks) if parts is None else parts.go_on(tasks, run):
        progress()
        ended[place] = result
        while due in ended:
            yield ended.pop(due)
            due += 1


@dataclass(frozen=True)
class _Local:
    """Processes of this machine.

    Parameters
    ----------
    n_jobs : int
        How many; with 1 the tasks run in this process.
    """

    n_jobs: int

    def run(self, tasks: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield places and results, in order; see :class:`Engine`."""
        yield from enumerate(self._run_here(tasks) if self.n_jobs == 1 else self._spread(tasks))

    def _run_here(self, tasks: Sequence[Any]) -> Iterator[Any]:
        libraries = ThreadpoolController()  # finding them takes as long as a short fit: once
        for function, arguments, keywords in tasks:
            # A task's own tasks are part of its result.
            with keeping(None), libraries.limit(limits=1):
                result = function(*arguments, **keywords)
            yield result

    def _spread(self, tasks: Sequence[Any]) -> Iterator[Any]:
        with parallel_config(
            "loky",
            n_jobs=self.n_jobs,
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
