"""Whether the service bears half an hour of mixed traffic: no error, no leak, no lost record.

Run as ``python -m experiments.benchmarks.reliability.soak MODEL [--minutes 30]``, with the
artifact folder of a
demonstration model: a service that records is started on this machine. First it is asked as fast as
it answers, which tells its capacity with this mix; then at 70% of that, at moments that do not wait
for the answers before. Sixty of a hundred requests are for one patient, and ten each for a batch of
four, the page's form, a report of an outcome and something that has to be refused. Every answer has
to be the one that was called for; afterwards the store has to hold as many estimates and outcomes
as were answered. The service's memory may grow by a stated bound between the end of the first tenth
of the time and the end.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

from experiments.benchmarks.traffic import (
    BATCH,
    Asker,
    Reply,
    list_store_settings,
    make_patient,
    running_beside,
)
from serving.process import start_process
from serving.records.settings import RecordSettings
from serving.records.store import open_store

__all__ = ["Soaked", "main", "soak"]

N_ASKERS = 8
SHARE_OF_CAPACITY = 0.7
GROWTH_MEGABYTES = 32.0
_MIX = {"predict": 60, "batch": 10, "form": 10, "outcome": 10, "bad": 10}
_CAPACITY_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_LATE_SECONDS = 1.0


@dataclass
class Soaked:
    """What came of it.

    Parameters
    ----------
    capacity, rate : float
        Requests a second: as fast as it answers, and as it was asked afterwards.
    seconds : list of float
        Of each answer at that rate.
    asked : Counter
        Requests by kind.
    skipped : int
        Requests that were not made, because the answers before came more than a second late.
    wrong : Counter
        Answers that were not called for, by kind and status.
    estimates, outcomes : int
        Answered.
    kept_estimates, kept_outcomes : int
        In the store afterwards.
    megabytes : list of float
        The service's memory (resident), while it was asked at the rate.
    """

    capacity: float = 0.0
    rate: float = 0.0
    seconds: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    estimates: int = 0
    outcomes: int = 0
    kept_estimates: int = -1
    kept_outcomes: int = -1
    megabytes: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Megabytes by which memory grew after the first tenth of the time."""
        tenth = max(1, len(self.megabytes) // 10)
        return float(
            np.median(self.megabytes[-tenth:]) - np.median(self.megabytes[tenth : 2 * tenth])
        )

    def list_faults(self, growth: float = GROWTH_MEGABYTES) -> list[str]:
        """Return what was not as it has to be, in words."""
        faults = [f"{count} times {what}" for what, count in sorted(self.wrong.items())]
        for what, told, kept in (
            ("estimates", self.estimates, self.kept_estimates),
            ("outcomes", self.outcomes, self.kept_outcomes),
        ):
            if told != kept:
                faults.append(f"{told} {what} answered, {kept} recorded")
        if self.growth > growth:
            faults.append(f"memory grew by {self.growth:.1f} MB, more than {growth:g}")
        return faults


class _Mix:
    """Makes requests, and notes what came back."""

    def __init__(self, patient: Mapping[str, Any], result: Soaked) -> None:
        self._patient, self._result = patient, result
        self._lock = threading.Lock()
        self._asks: dict[str, Callable[[Asker, str], Reply]] = {
            "predict": lambda asker, _: asker.predict(patient),
            "batch": lambda asker, _: asker.predict_batch([patient] * BATCH),
            "form": lambda asker, _: asker.fill_in("/clinic", patient),
            "outcome": lambda asker, last: asker.report([{"request_id": last, "nrs_t1": 3}]),
            "bad": lambda asker, _: asker.predict({**patient, "nrs_t0": 99}),
        }

    def ask(self, asker: Asker, rng: random.Random, last: str) -> str:
        """Ask for something; return the number of an estimate to report on next."""
        (kind,) = rng.choices(list(_MIX), list(_MIX.values()))
        kind = "predict" if kind == "outcome" and not last else kind
        reply = self._asks[kind](asker, last)
        with self._lock:
            self._result.asked[kind] += 1
            if reply.status != (400 if kind == "bad" else 200):
                self._result.wrong[f"{kind} answered with {reply.status}"] += 1
                return last
            self._result.estimates += {"predict": 1, "form": 1, "batch": BATCH}.get(kind, 0)
            self._result.outcomes += kind == "outcome"
        return str(reply.json()["request_id"]) if kind == "predict" else last

    def skip(self) -> None:
        """Note that a request was not made."""
        with self._lock:
            self._result.skipped += 1

    def fail(self, err: Exception) -> None:
        """Note that no answer came."""
        with self._lock:
            self._result.wrong[f"no answer: {type(err).__name__}"] += 1


def _measure_capacity(url: str, mix: _Mix, result: Soaked, *, seed: int, seconds: float) -> None:
    before, end = result.asked.total(), time.monotonic() + seconds

    def work(number: int) -> None:
        rng, last = random.Random(seed + number), ""
        with closing(Asker(url)) as asker:
            while time.monotonic() < end:
                last = mix.ask(asker, rng, last)

    with running_beside(work, N_ASKERS):
        pass
    result.capacity = (result.asked.total() - before) / seconds
    result.rate = SHARE_OF_CAPACITY * result.capacity


def _ask_steadily(
    url: str, pid: int, mix: _Mix, result: Soaked, *, seed: int, seconds: float
) -> None:
    """Ask at moments drawn beforehand, each asker at its share of the rate."""
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        rng, last = random.Random(seed + 1000 + number), ""
        due = time.monotonic()
        with closing(Asker(url)) as asker:
            while (due := due + rng.expovariate(result.rate / N_ASKERS)) < end:
                late = time.monotonic() - due
                if late > _LATE_SECONDS:
                    mix.skip()
                    continue
                time.sleep(max(0.0, -late))
                began = time.perf_counter()
                try:
                    last = mix.ask(asker, rng, last)
                except Exception as err:
                    mix.fail(err)
                    asker.close()  # the next request opens another connection
                result.seconds.append(time.perf_counter() - began)

    with running_beside(work, N_ASKERS):
        process = psutil.Process(pid)
        while time.monotonic() < end:
            result.megabytes.append(process.memory_info().rss / 1e6)
            time.sleep(min(_LOOK_SECONDS, seconds / 20))


def soak(
    model: Path,
    folder: Path,
    *,
    seconds: float,
    seed: int = 1,
    capacity_seconds: float = _CAPACITY_SECONDS,
) -> Soaked:
    """Ask a service for a while, and compare answers with records.

    Parameters
    ----------
    model : Path
        Artifact folder of a demonstration model.
    folder : Path
        For the store, its keys and the service's log.
    seconds : float
        At 70% of capacity.
    seed : int
        Of the mix and its moments.
    capacity_seconds : float
        Before that, as fast as it answers.

    Returns
    -------
    Soaked
        See :meth:`Soaked.list_faults`.
    """
    environ = list_store_settings(folder)
    settings = RecordSettings.from_environ(environ)
    assert settings is not None, "the store is named above"
    result = Soaked()
    mix = _Mix(make_patient(model), result)
    log = folder / "log.txt"
    with start_process(model, "demonstration", environ=environ, log=log) as server:
        _measure_capacity(server.url, mix, result, seed=seed, seconds=capacity_seconds)
        _ask_steadily(server.url, server.pid, mix, result, seed=seed, seconds=seconds)
    with closing(open_store(settings)) as store:
        counted = store.count()
    result.kept_estimates, result.kept_outcomes = counted["estimates"], counted["outcomes"]
    return result


def main() -> int:
    """Print rates, times, memory and counts; return 1 if anything was not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="artifact folder of a demonstration model")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        found = soak(asked.model, Path(folder), seconds=60 * asked.minutes, seed=asked.seed)
    p50, p95, p99 = 1000 * np.quantile(found.seconds, [0.5, 0.95, 0.99])
    print(f"capacity {found.capacity:.0f}/s, asked {found.rate:.0f}/s, {asked.minutes:g} minutes")
    print(f"{found.skipped} requests not made: the machine had too much else to do")
    print(f"answers: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(found.asked.items())))
    print(f"estimates: {found.estimates} answered, {found.kept_estimates} recorded")
    print(f"outcomes: {found.outcomes} taken, {found.kept_outcomes} recorded")
    tenths = [f"{np.median(part):.0f}" for part in np.array_split(found.megabytes, 10)]
    print(f"memory by tenths of the time: {' '.join(tenths)} MB, grew by {found.growth:.1f} MB")
    faults = found.list_faults()
    print("\n".join(faults) or "no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
