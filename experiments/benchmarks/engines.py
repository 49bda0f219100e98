"""What a cluster costs beside as many processes of this machine.

Run as ``python -m experiments.benchmarks.engines [--turns 3]``, or by ``make bench``. The same
bootstrap reruns on two workers of a Dask cluster of this machine and in two processes, in turns:
many fits of milliseconds, fewer of a tenth of a second, and a large cohort, of which a fit sees all
rows; then patients in a file, answered into a file. There the processes of this machine are started
each time, as `ketresponse predict` does it, and what starting them takes is timed and left out. The
scheduler runs in the process that sends and collects, which is the dearest place for it. Libraries
are loaded before, and both give the same numbers, which is asserted.
"""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import psutil

from experiments.benchmarks.batch import make_long_cohort, train_for_batch
from experiments.benchmarks.costs import Cost
from experiments.benchmarks.resampling import make_plain_data
from experiments.benchmarks.training import make_data
from serving.batch.batch import Batch, BatchOptions
from serving.estimate.predictor import Predictor
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.procedure import Procedure
from training.fitting.response import Fit, TrainingData, fit_response
from training.running.engine import open_engine
from training.store.artifact import load_model

__all__ = ["time_engines"]

_WORKERS = 2
_FLOORS = ("features", "training", "serving")
_PATIENTS = 100_000


@dataclass(frozen=True)
class _Work(ABC):
    """What is done at both, and how much of it."""

    what: str
    n: int
    size_of: ClassVar[str]

    @abstractmethod
    def run(self, seed: int) -> bytes:
        """Do it; return what came out, to the last digit."""


@dataclass(frozen=True)
class _Fits(_Work):
    data: TrainingData
    fit: Fit
    size_of = "fits"

    def run(self, seed: int) -> bytes:
        """Return the risks of all reruns."""
        found = predict_from_bootstraps(
            self.data, self.fit, n_resamples=self.n, seed=seed, n_jobs=_WORKERS
        )
        return found.predictions.tobytes()


@dataclass(frozen=True)
class _Answers(_Work):
    predictor: Predictor
    model: Path
    place: Path
    size_of = "patients"

    def run(self, seed: int) -> bytes:
        """Return the file of all answers."""
        out = self.place / "out.csv"
        batch = Batch(str(self.place / f"{self.n}"), out, BatchOptions(force=True))
        batch.answer(self.predictor, self.model, jobs=_WORKERS, console=None)
        return out.read_bytes()


def _make_answers(what: str, n: int, place: Path, model: Path) -> _Answers:
    predictor = Predictor(load_model(model))
    (place / f"{n}").mkdir()
    table, _ = make_long_cohort(predictor, n)
    for number in range(_WORKERS):
        table[number::_WORKERS].to_csv(place / f"{n}" / f"{number}.csv", index=False)
    return _Answers(what, n, predictor, model, place)


def _list_fits() -> Iterator[_Work]:
    def make_fit(procedure: Procedure) -> Fit:
        return partial(fit_response, procedure=procedure)

    plain = make_fit(Procedure(("logistic",), inner_repeats=0))
    ridge = make_fit(Procedure(("prevalence", "ridge"), inner_repeats=2))
    yield _Fits("fits of milliseconds", 600, make_plain_data(150, seed=1), plain)
    yield _Fits("fits of a tenth of a second", 60, make_data(150, seed=1), ridge)
    yield _Fits("fits of 50,000 patients", 24, make_plain_data(50_000, seed=1), plain)


@contextmanager
def _open_cluster() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=_WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield str(cluster.scheduler_address)


def _count_cpu() -> float:
    """Return the CPU seconds so far of this process and all that it has started."""
    own = psutil.Process()
    used = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    ended = used[0].children_user + used[0].children_system
    return float(ended + sum(times.user + times.system for times in used))


def time_engines(turns: int = 3) -> list[Cost]:
    """Time the same work on a cluster and in processes, in turns.

    Returns
    -------
    list of Cost
        Two for each kind of work: elapsed seconds, and CPU seconds of all processes. The
        reference is the same work in processes of this machine.
    """
    costs: list[Cost] = []
    with _open_cluster() as address, TemporaryDirectory() as temporary:
        opened = partial(
            open_engine, "dask", jobs=None, scheduler=address, environ={}, floors=_FLOORS
        )
        for work in _list_fits():
            costs += _take_turns(work, opened, turns)
        place = Path(temporary)
        model = train_for_batch(place)
        # A file of next to nobody for each process: what that takes is their start.
        start = _make_answers("start", 2 * _WORKERS, place, model)
        costs += _take_turns(
            _make_answers("answers to a file", _PATIENTS, place, model), opened, turns, start=start
        )
    return costs


def _take_turns(
    work: _Work, opened: Any, turns: int, *, start: _Work | None = None
) -> Iterator[Cost]:
    with opened():
        there = work.run(0)
    if work.run(0) != there:
        raise RuntimeError(f"{work.what}: other numbers on a cluster")
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for turn in range(turns):
        for on_cluster in (True, False) if turn % 2 else (False, True):
            taken[on_cluster].append(_time(work, opened if on_cluster else None, turn, start))
    for place, (unit, kind) in enumerate((("s", "time"), ("s CPU", "CPU"))):
        yield Cost(
            f"{work.what}, on a cluster, {kind}",
            work.n,
            work.size_of,
            tuple(each[place] for each in taken[True]),
            tuple(each[place] for each in taken[False]),
            unit,
            f"{_WORKERS} processes of this machine",
        )


def _time(work: _Work, opened: Any, turn: int, start: _Work | None) -> tuple[float, float]:
    """Return elapsed and CPU seconds of work; a cluster's with the time to send the patients."""
    if opened is not None:
        with opened():
            return _clock(work, turn)
    seconds, used = _clock(work, turn)
    if start is None:
        return seconds, used
    start_seconds, start_used = _clock(start, turn)
    return seconds - start_seconds, used - start_used


def _clock(work: _Work, turn: int) -> tuple[float, float]:
    began, used = perf_counter(), _count_cpu()
    work.run(1 + turn)
    return perf_counter() - began, _count_cpu() - used


def main() -> None:
    """Time both and print the ratios."""
    parser = argparse.ArgumentParser(description="A cluster beside processes.")
    parser.add_argument("--turns", type=int, default=3)
    for cost in time_engines(parser.parse_args().turns):
        median = float(np.median(cost.ratios))
        took = float(np.median(cost.taken))
        each = ", ".join(f"{ratio:.2f}" for ratio in cost.ratios)
        print(f"{cost.what}: {took:.2f} {cost.unit}, {median:.2f} times ({each})")


if __name__ == "__main__":
    main()
