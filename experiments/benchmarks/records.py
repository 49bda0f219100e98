"""What a record costs: a service that records beside one that does not.

Run as ``python -m experiments.benchmarks.records MODEL [--rounds 10]``, with the artifact folder of
a demonstration model. Both are started on this machine and asked in turns, round by round, so that
whatever else the machine does falls on both: by one caller, for the time of an answer, and by
sixteen at once, for throughput and for the processor time of the service.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import psutil

from experiments.benchmarks.traffic import Asker, list_store_settings, make_patient, running_beside
from serving.process import start_process

__all__ = ["compare_services", "main"]

N_ASKERS = 16
_PER_ROUND, _SECONDS = 150, 2.0


def _time_one(url: str, patient: Mapping[str, Any], count: int) -> list[float]:
    """Return the milliseconds of each answer to one caller."""
    taken = []
    with closing(Asker(url)) as asker:
        for _ in range(count):
            began = time.perf_counter()
            assert asker.predict(patient).status == 200
            taken.append(1000 * (time.perf_counter() - began))
    return taken


def _time_many(
    url: str, pid: int, patient: Mapping[str, Any], seconds: float
) -> tuple[float, float]:
    """Return answers a second to many callers, and the service's milliseconds of CPU for each."""
    counts = [0] * N_ASKERS
    process = psutil.Process(pid)
    before, began = process.cpu_times(), time.monotonic()
    end = began + seconds

    def work(number: int) -> None:
        with closing(Asker(url)) as asker:
            while time.monotonic() < end:
                assert asker.predict(patient).status == 200
                counts[number] += 1

    with running_beside(work, N_ASKERS):
        pass
    after, lasted = process.cpu_times(), time.monotonic() - began
    used = after.user + after.system - before.user - before.system
    return sum(counts) / lasted, 1000 * used / sum(counts)


def compare_services(
    model: Path, folder: Path, *, rounds: int, count: int = _PER_ROUND, seconds: float = _SECONDS
) -> pd.DataFrame:
    """Time services that record beside one that does not, in turns.

    Parameters
    ----------
    model : Path
        Artifact folder of a demonstration model.
    folder : Path
        For stores and keys.
    rounds : int
        Turns of each; the first warms up and is not counted.
    count : int
        Answers to one caller in a turn.
    seconds : float
        Of many callers in a turn.

    Returns
    -------
    DataFrame
        By service (``off``, ``recording``, ``recording, disk first``): ``p50_ms``, ``p95_ms`` and
        ``p99_ms`` of one caller, ``per_second`` and ``cpu_ms`` of sixteen (medians of the rounds);
        ``p50_ratio`` to ``off``, and ``throughput_ratio``, the median over rounds of the two
        services' ratio within a round.
    """
    patient = {**make_patient(model), "patient_id": "P-1"}
    environs: dict[str, dict[str, str]] = {"off": {"KETRESPONSE_RECORDS": "off"}}
    for name, sync in (("recording", "soon"), ("recording, disk first", "before")):
        environs[name] = {**list_store_settings(folder, sync), "KETRESPONSE_RECORDS_SYNC": sync}
    one: dict[str, list[float]] = {name: [] for name in environs}
    many: dict[str, list[tuple[float, float]]] = {name: [] for name in environs}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(start_process(model, "demonstration", environ=environ))
            for name, environ in environs.items()
        }
        for turn in range(rounds + 1):
            for name, server in servers.items():
                taken = _time_one(server.url, patient, count)
                found = _time_many(server.url, server.pid, patient, seconds)
                if turn:
                    one[name] += taken
                    many[name].append(found)
    return _make_table(one, many)


def _make_table(
    one: Mapping[str, list[float]], many: Mapping[str, list[tuple[float, float]]]
) -> pd.DataFrame:
    rates = {name: np.array([rate for rate, _ in found]) for name, found in many.items()}
    rows = []
    for name in one:
        p50, p95, p99 = np.quantile(one[name], [0.5, 0.95, 0.99])
        rows.append(
            {
                "service": name,
                "p50_ms": p50,
                "p95_ms": p95,
                "p99_ms": p99,
                "p50_ratio": p50 / np.median(one["off"]),
                "per_second": np.median(rates[name]),
                "throughput_ratio": np.median(rates[name] / rates["off"]),
                "cpu_ms": np.median([used for _, used in many[name]]),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="artifact folder of a demonstration model")
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        table = compare_services(asked.model, Path(folder), rounds=asked.rounds)
    print(table.to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
