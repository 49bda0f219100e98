"""The one form in which a benchmark says what something costs, and the clocks it is read from.

A benchmark that ``make bench`` runs is a function that needs no argument and returns Costs; its
place is named in `experiments.benchmarks.bench.BENCHMARKS`. It makes its own model or data, is done
within about two minutes, and sends nothing out. Most need no more than Jobs, timed in turns:

    def time_something() -> list[Cost]:
        jobs = [
            Job("one estimate", size=n, size_of="background rows", run=partial(ask, n))
            for n in (50, 100, 200)
        ]
        return time_in_turns(jobs)

In each turn every job runs once, and the reference computation before and after all of them:
whatever else the machine does falls on all alike, and a slower machine is slower at both. What is
compared with an earlier result is therefore a Cost's `ratios`, never its seconds. A job that starts
processes takes ``clock=count_with_children``. A benchmark with a reference of its own (an empty
endpoint, a bare model) fills in Costs by itself: turns of `taken` and of `beside`, taken side by
side, and the reference's name. Never change what a kept name measures: choose another name.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np

from features.arrays import FloatArray

__all__ = [
    "COMMON_REFERENCE",
    "Cost",
    "Job",
    "count_with_children",
    "time_in_turns",
    "time_reference",
]

COMMON_REFERENCE = "the reference computation"


@dataclass(frozen=True)
class Cost:
    """What one thing cost at one size, turn by turn, beside a reference.

    Parameters
    ----------
    what : str
        What was done, in the words of the table: "one estimate, logistic family". The same `what`
        at several sizes is one line of the drawing.
    size : float
        How much of it, above 0.
    size_of : str
        What `size` counts: "rows", "clients", "patients".
    taken : tuple of float
        What it took in each turn, above 0, in `unit`.
    beside : tuple of float
        What the reference took in the same turns, above 0, in the same unit. As long as `taken`.
    unit : {"s CPU", "ms CPU", "s", "ms", "MB"}
        CPU wherever the machine is shared; elapsed time for what a client waits; MB of memory.
    reference : str
        What `beside` measures. For memory: what an interpreter with the same imports holds.
    """

    what: str
    size: float
    size_of: str
    taken: tuple[float, ...]
    beside: tuple[float, ...]
    unit: str = "s CPU"
    reference: str = COMMON_REFERENCE

    def __post_init__(self) -> None:
        if len(self.taken) != len(self.beside) or not self.taken:
            raise ValueError(f"{self.what}: as many turns of the reference as of what is measured")
        if min(*self.taken, *self.beside, self.size) <= 0:
            raise ValueError(f"{self.what}: sizes and costs are above 0")

    @property
    def ratios(self) -> FloatArray:
        """The cost of each turn over the reference's of the same turn; without a unit."""
        taken, beside = np.asarray(self.taken), np.asarray(self.beside)
        return np.asarray(taken / beside, dtype=np.float64)


@dataclass(frozen=True)
class Job:
    """One thing to be timed: what, how much of it, and the call that does it once.

    Parameters
    ----------
    what, size, size_of
        As of `Cost`.
    run : callable
        Does it once; what it returns is dropped. Let it take 10 ms at least (repeat it inside, and
        give `times`).
    times : int
        How often `run` repeats it inside: the cost is divided by it.
    clock : callable
        Seconds so far; by default the CPU seconds of this process with all of its threads.
    """

    what: str
    size: float
    size_of: str
    run: Callable[[], Any]
    times: int = 1
    clock: Callable[[], float] = process_time


def count_with_children() -> float:
    """Return the CPU seconds so far of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _run_reference() -> float:
    """Do a fixed piece of work as this project's is: objects, small arrays, one larger product.

    About 0.1 s of CPU on a machine of 2024, with one thread for arrays. It never changes: all kept
    ratios would.

    Returns
    -------
    float
        What came out, so that nothing is left out.
    """
    rng, total = np.random.default_rng(1), 0.0
    for _ in range(3):
        table = {f"name {i}": float(i) for i in range(60_000)}
        total += sum(value for name, value in table.items() if not name.endswith("7"))
        row = rng.normal(size=40)
        for _ in range(12_000):
            row = np.tanh(row) + 0.01
        square = rng.normal(size=(300, 300))
        for _ in range(6):
            square = np.sort(square @ square.T / 300.0, axis=1)
        total += float(row.sum()) + float(square[0, 0])
    return total


def time_reference() -> float:
    """Return the CPU seconds of this process that the reference computation takes."""
    began = process_time()
    _run_reference()
    return process_time() - began


def time_in_turns(jobs: Sequence[Job], *, turns: int = 5) -> list[Cost]:
    """Time jobs in turns beside the reference computation, one thread for arrays.

    Parameters
    ----------
    jobs : sequence of Job
        All that is compared with one another.
    turns : int
        How often each is timed, at least 1; a turn before that warms up and is not counted.

    Returns
    -------
    list of Cost
        One of each job, in "s CPU" (its clock must count such).
    """
    from threadpoolctl import threadpool_limits

    taken: list[list[float]] = [[] for _ in jobs]
    beside: list[float] = []
    with threadpool_limits(1):
        for turn in range(turns + 1):
            before = time_reference()
            spent = []
            for job in jobs:
                began = job.clock()
                job.run()
                spent.append((job.clock() - began) / job.times)
            after = time_reference()
            if turn:
                beside.append((before + after) / 2.0)
                for kept, one in zip(taken, spent, strict=True):
                    kept.append(one)
    return [
        Cost(job.what, job.size, job.size_of, tuple(times), tuple(beside))
        for job, times in zip(jobs, taken, strict=True)
    ]
