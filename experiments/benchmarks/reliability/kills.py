"""Whether an answer that somebody got is ever without its record, when the service is killed.

Run as ``python -m experiments.benchmarks.reliability.kills MODEL [--kills 100]``, with the
artifact folder of a
demonstration model: a service that records is started on this machine, asked by several callers at
once for single estimates and batches and told outcomes, and killed (SIGKILL) at a moment drawn at
random; again and again on the same store. Every answer that a caller got whole must then be in the
store, as it was given; every outcome that was taken, too; and the store must be whole and open
again. A record without an answer is no fault: the caller was cut off. With --terminate the service
is asked to end (SIGTERM): what it has taken by then it answers, so that each record has its answer.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from experiments.benchmarks.traffic import (
    BATCH,
    Asker,
    list_store_settings,
    make_patient,
    running_beside,
)
from serving.process import start_process
from serving.records.settings import RecordSettings
from serving.records.store import open_store

__all__ = ["Tally", "kill_service", "main"]

N_CALLERS = 6
LONGEST_SECONDS = 1.0
_CUT_OFF = (OSError, http.client.HTTPException, ValueError)


@dataclass
class Tally:
    """What callers got, and what the store holds.

    Parameters
    ----------
    kills : int
        How often the service was killed.
    answers, outcomes : int
        Estimates that callers got whole; reports that were taken.
    records : int
        Estimates in the store.
    refused : int
        Answers other than 200, which nothing calls for here.
    lost : list of str
        Numbers of answers and reports that the store does not hold as they were given.
    broken : list of str
        What was wrong with the store itself.
    """

    kills: int = 0
    answers: int = 0
    outcomes: int = 0
    records: int = 0
    refused: int = 0
    lost: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether nothing was lost, broken or refused, and there was something to lose."""
        return not self.lost and not self.broken and not self.refused and self.answers > 0


class _Round:
    """The callers of one life of the service."""

    def __init__(self, url: str, patient: Mapping[str, Any], name: str) -> None:
        self._url, self._patient, self._name = url, patient, name
        self._lock = threading.Lock()
        self.answers: dict[str, Any] = {}
        self.reported: set[str] = set()
        self.refused = 0

    def work(self, number: int) -> None:
        """Ask until the connection ends."""
        caller = Asker(self._url)
        asked = 0
        try:
            while True:
                patient = {**self._patient, "patient_id": f"{self._name}-{number}-{asked}"}
                asked += 1
                if number == 0:
                    self._note(caller.predict_batch([patient] * BATCH))
                    continue
                found = self._note(caller.predict(patient))
                if number == 1 and found:
                    self._report(caller, found[0])
        except _CUT_OFF:
            pass  # killed, in the midst of it
        finally:
            caller.close()

    def _note(self, answer: Any) -> list[str]:
        told = answer.json()
        with self._lock:
            if answer.status != 200:
                self.refused += 1
                return []
            several = told if isinstance(told, list) else [told]
            self.answers.update({one["request_id"]: one for one in several})
        return [one["request_id"] for one in several]

    def _report(self, caller: Asker, request_id: str) -> None:
        answer = caller.report([{"request_id": request_id, "nrs_t1": 3}])
        with self._lock:
            if answer.status == 200:
                self.reported.add(request_id)
            else:
                self.refused += 1


def _check(settings: RecordSettings, lived: _Round, tally: Tally) -> None:
    """Look for everything that the callers of one life got, in the store as it was left."""
    store = open_store(settings)
    with closing(store):
        kept = {one.request_id: one.answer for one in store.read(request_ids=lived.answers)}
        reported = {one.request_id for one in store.read_outcomes(lived.reported)}
        tally.records = store.count()["estimates"]
    tally.lost += [name for name, told in lived.answers.items() if kept.get(name) != told]
    tally.lost += sorted(lived.reported - reported)
    with closing(sqlite3.connect(settings.file or "")) as database:
        (found,) = database.execute("PRAGMA integrity_check").fetchone()
    if found != "ok":
        tally.broken.append(found)
    tally.answers += len(lived.answers)
    tally.outcomes += len(lived.reported)
    tally.refused += lived.refused


def kill_service(
    model: Path,
    folder: Path,
    *,
    kills: int,
    seed: int,
    longest: float = LONGEST_SECONDS,
    how: signal.Signals = signal.SIGKILL,
) -> Tally:
    """Kill a service under load, again and again, and compare answers with records.

    Parameters
    ----------
    model : Path
        Artifact folder of a demonstration model.
    folder : Path
        For the store and its keys.
    kills : int
        How often.
    seed : int
        Of the moments.
    longest : float
        Seconds of load before a kill, at most.
    how : Signals
        SIGKILL, or SIGTERM, after which the service may answer what it has taken.

    Returns
    -------
    Tally
        See :attr:`Tally.is_kept`.
    """
    environ = {**list_store_settings(folder), "BENTOML_HOME": str(folder / "bentoml")}
    settings = RecordSettings.from_environ(environ)
    assert settings is not None, "the store is named above"
    patient = make_patient(model)
    rng, tally = random.Random(seed), Tally()
    for number in range(kills):
        with start_process(model, "demonstration", environ=environ) as server:
            lived = _Round(server.url, patient, f"P-{number}")
            with running_beside(lived.work, N_CALLERS):
                try:
                    time.sleep(rng.uniform(0.02, longest))
                finally:
                    os.kill(server.pid, how)
        tally.kills += 1
        _check(settings, lived, tally)
    return tally


def main() -> int:
    """Print what was answered, recorded and lost; return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="artifact folder of a demonstration model")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--terminate", action="store_true", help="by SIGTERM, not by SIGKILL")
    asked = parser.parse_args()
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        tally = kill_service(
            asked.model,
            Path(folder),
            kills=asked.kills,
            seed=asked.seed,
            how=signal.SIGTERM if asked.terminate else signal.SIGKILL,
        )
    print(
        f"{tally.kills} kills in {time.monotonic() - began:.0f} s: {tally.answers} estimates "
        f"answered, {tally.records} recorded, {tally.outcomes} outcomes taken; "
        f"{len(tally.lost)} lost, {tally.refused} refused, store broken {len(tally.broken)} times"
    )
    return 0 if tally.is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
