"""A Dask cluster on this machine: a scheduler and workers, each a process that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from tests.places import PROJECT

SECONDS = 60


def _start(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", "spec", *words]
    return subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


_WITHOUT_US = (
    "import runpy, sys; sys.modules['training'] = None; "
    "runpy.run_module('dask', run_name='__main__', alter_sys=True)"
)


def _spec(name: str, **options: object) -> str:
    return json.dumps({"cls": f"distributed.{name}", "opts": {"host": "127.0.0.1", **options}})


@dataclass
class RunningCluster:
    """What runs, by the processes that this one has started."""

    address: str
    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]

    def add_worker(self, *, threads: int = 1) -> None:
        """Start a worker; it comes when it comes."""
        spec = _spec("Worker", nthreads=threads, dashboard=False, local_directory=str(self.folder))
        self.workers.append(_start(self.address, "--spec", spec))

    def add_foreign_worker(self) -> None:
        """Start a worker that does not find ketresponse."""
        spec = _spec("Worker", nthreads=1, dashboard=False, local_directory=str(self.folder))
        command = [sys.executable, "-c", _WITHOUT_US, "spec", self.address, "--spec", spec]
        self.workers.append(
            subprocess.Popen(
                command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )

    def kill_worker(self) -> None:
        """Kill the one that was started first."""
        worker = self.workers.pop(0)
        worker.kill()
        worker.wait()

    def end(self) -> None:
        """Kill all of it."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def start_cluster(folder: Path, *, n_workers: int) -> RunningCluster:
    """Start a scheduler on a free port of loopback, and workers of one thread each."""
    file = folder / "scheduler.json"
    options = {"port": 0, "dashboard": False, "scheduler_file": str(file)}
    scheduler = _start("--spec", _spec("Scheduler", **options))
    address, end = "", time.monotonic() + SECONDS
    while not address:
        assert scheduler.poll() is None and time.monotonic() < end
        time.sleep(0.05)
        with suppress(OSError, ValueError):  # not there yet, or half written
            address = json.loads(file.read_text())["address"]
    started = RunningCluster(address, folder, scheduler, [])
    for _ in range(n_workers):
        started.add_worker()
    return started


class Large:
    """So large that it is sent on its own; each process knows how often it has unpacked one."""

    unpacked = 0

    def __init__(self) -> None:
        self.rows = np.arange(10_000.0)

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        Large.unpacked += 1


def look_at(large: Large, number: int) -> tuple[int, int, float, set[int]]:
    """Return process, how often it unpacked, a number that was sent, and threads of libraries."""
    time.sleep(0.01)
    threads = {int(library["num_threads"]) for library in threadpool_info()}
    return os.getpid(), Large.unpacked, float(large.rows[number]), threads


def square_slowly(number: int) -> int:
    """Return a square after a while, or break at 13."""
    time.sleep(0.05)
    if number == 13:
        raise ArithmeticError("thirteen")
    return number * number
