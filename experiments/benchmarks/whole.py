"""What a whole training takes, from the study file to the registered model: time, CPU, memory.

Run as ``python -m experiments.benchmarks.whole --rows 100000 --columns 40 [--jobs 2] [--lines]``:
simulated patients, of whom as many as are asked for are drawn again from twenty thousand, with
further numbers that the study's mapping declares; one repeat of five folds, what else a study
leaves open. The command runs as a user runs it, in a process of its own. CPU and memory are those
of all of its processes together, looked at every half second; what processes share counts once in
memory (proportional set size). It is best run with nothing else on the machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil

from experiments.benchmarks.costs import Cost, time_reference
from experiments.benchmarks.trained import make_environ, make_study_text
from features.dictionary.contract import DEFAULT_PREDICTORS
from features.files.table import write_table
from features.simulation.cohort import make_cohort

__all__ = ["Taken", "run_training_alone", "time_trainings", "write_study"]

_DRAWN = 20_000
_LOOK_SECONDS = 0.5
_VARIABLE = """
[variables.{name}]
kind = "number"
known_at = "baseline"
label = "a number drawn at random"
low = -100
high = 100
"""


@dataclass(frozen=True)
class Taken:
    """What a command took.

    Parameters
    ----------
    elapsed, cpu : float
        Seconds, from its start to its end, and of the processor by all of its processes.
    megabytes : float
        Memory of all of its processes together, at most.
    """

    elapsed: float
    cpu: float
    megabytes: float


def write_study(folder: Path, rows: int, columns: int) -> Path:
    """Write a cohort and its study.

    Parameters
    ----------
    folder : Path
        Where.
    rows : int
        Patients.
    columns : int
        Predictors, at least as many as the usual ones: those, and numbers that tell nothing.

    Returns
    -------
    Path
        The study file.
    """
    rng = np.random.default_rng(1)
    table = make_cohort(min(rows, _DRAWN), seed=1).table
    table = table.iloc[rng.integers(0, len(table), rows)].reset_index(drop=True)
    table["patient_id"] = [f"SYN-{place:07}" for place in range(rows)]
    further = [f"number_{place:02}" for place in range(columns - len(DEFAULT_PREDICTORS))]
    for name in further:
        table[name] = np.round(rng.normal(size=rows), 2)
    write_table(table, folder / "cohort.parquet")
    mapping = "".join(_VARIABLE.format(name=name) for name in further)
    (folder / "mapping.toml").write_text(mapping or "[columns]\n", encoding="utf-8")
    study = folder / "study.toml"
    names = list(DEFAULT_PREDICTORS) + further
    text = make_study_text(
        repeats=1,
        bootstrap_reruns=0,
        learning_curve=0,
        file="cohort.parquet",
        mapping="mapping.toml",
        predictors=names,
    )
    study.write_text(text, encoding="utf-8")
    return study


def _look(process: psutil.Process, cpu: dict[int, float]) -> float:
    """Note the seconds of a process and of those under it; return the megabytes of all."""
    megabytes = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            megabytes += one.memory_full_info().pss / 1e6
            used = one.cpu_times()
            cpu[one.pid] = used.user + used.system
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it has just ended
    return megabytes


def run_training_alone(
    study: Path, *, n_jobs: int, tell: Callable[[str], None] = lambda line: None
) -> Taken:
    """Train a study by the command, in a process of its own.

    Parameters
    ----------
    study : Path
        The study file; the store is made beside it.
    n_jobs : int
        Processes of the fits.
    tell : callable
        Told the memory, now and then, with how long it has been running.

    Raises
    ------
    RuntimeError
        If the training fails.
    """
    command = [sys.executable, "-m", "ketresponse", "train", study.name, "--jobs", str(n_jobs)]
    return _run_alone(command, study.parent, tell)


def _run_alone(command: Sequence[str], folder: Path, tell: Callable[[str], None]) -> Taken:
    cpu: dict[int, float] = {}
    most, begun = 0.0, time.perf_counter()
    with (folder / "log.txt").open("w+", encoding="utf-8") as log:
        running = subprocess.Popen(
            command, cwd=folder, env=make_environ(folder), stdout=log, stderr=log
        )
        process = psutil.Process(running.pid)
        while running.poll() is None:
            now = _look(process, cpu)
            if now > 1.05 * most:
                tell(f"{time.perf_counter() - begun:.0f} s: {now:.0f} MB")
            most = max(most, now)
            time.sleep(_LOOK_SECONDS)
        log.seek(0)
        if running.returncode:
            raise RuntimeError(f"the training ended with {running.returncode}: {log.read()}")
    return Taken(time.perf_counter() - begun, sum(cpu.values()), most)


def time_trainings(
    *, rows: Sequence[int] = (10_000, 30_000), columns: Sequence[int] = (5, 20)
) -> list[Cost]:
    """Time whole trainings by rows, with five predictors, and by predictors, of the fewest rows.

    Parameters
    ----------
    rows, columns : sequence of int
        Ascending. The slopes between them are the powers by which a training grows.

    Returns
    -------
    list of Cost
        CPU of all processes, one turn of each.
    """
    costs = []
    sizes = [(n, columns[0], "patients", n) for n in rows]
    sizes += [(rows[0], k, "predictors", k) for k in columns]
    for n, k, size_of, size in sizes:
        with TemporaryDirectory() as temporary:
            study = write_study(Path(temporary), n, k)
            before = time_reference()
            taken = run_training_alone(study, n_jobs=2)
            beside = (before + time_reference()) / 2.0
        what = f"whole training, by {size_of}"
        costs.append(Cost(what, size, size_of, (taken.cpu,), (beside,)))
    return costs


def main() -> None:
    """Print what a training took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--lines", action="store_true", help="print memory as it grows")
    asked = parser.parse_args()
    with TemporaryDirectory() as temporary:
        study = write_study(Path(temporary), asked.rows, asked.columns)
        tell = print if asked.lines else lambda line: None
        taken = run_training_alone(study, n_jobs=asked.jobs, tell=tell)
    print(
        f"{asked.rows} rows, {asked.columns} predictors, {asked.jobs} processes: "
        f"{taken.elapsed:.0f} s, {taken.cpu:.0f} s CPU, {taken.megabytes:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
