"""Where the tasks of a command run: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from features.errors import InputError, Problem
from training.fitting.jobs import count_jobs, running_on

__all__ = ["open_engine"]

_Name = Literal["local", "dask"]
_SCHEDULER = "KETRESPONSE_SCHEDULER"
"""The environment variable that names the scheduler's address where no option does."""


@contextmanager
def open_engine(
    name: _Name,
    *,
    jobs: int | None,
    scheduler: str | None,
    environ: Mapping[str, str],
    floors: tuple[str, ...] | None = None,
) -> Iterator[int]:
    """Have the tasks of the block run where a command was asked to run them.

    The numbers are the same wherever that is, and however many run at a time.

    Parameters
    ----------
    name : "local" or "dask"
        The engine.
    jobs : int or None
        Processes of this machine; None takes one for each of its processors.
    scheduler : str or None
        Address of the cluster's scheduler; None takes that of the environment.
    environ : mapping
        The environment.
    floors : tuple of str or None
        The packages of ours whose code the tasks run; None takes those of a training.

    Yields
    ------
    int
        How many tasks run at a time.

    Raises
    ------
    InputError
        If the options do not go together, or a worker would compute other numbers.
    KetresponseError
        If the cluster cannot be used; the message says what to do.
    """
    problems = []
    if name == "local" and scheduler is not None:
        expected = "only with --engine dask"
        problems.append(Problem("--scheduler", expected, f"--engine {name}"))
    if name == "dask" and jobs is not None:
        expected = "only with --engine local: a cluster has as many as it has workers"
        problems.append(Problem("--jobs", expected, f"--engine {name}"))
    address = scheduler or environ.get(_SCHEDULER)
    if name == "dask" and not address:
        action = f"add --scheduler ADDRESS, or set {_SCHEDULER}"
        problems.append(
            Problem("--scheduler", "an address such as tls://host:8786", "none", action=action)
        )
    if problems:
        raise InputError("engine", problems)
    if name == "local":
        yield jobs or count_jobs()
        return
    assert address is not None
    from training.running.cluster import open_cluster
    from training.running.resuming import FLOORS

    with open_cluster(address, floors=floors or FLOORS) as cluster, running_on(cluster):
        yield cluster.count_workers()
