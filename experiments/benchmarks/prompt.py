"""How long a command at the prompt takes, from its start to its end.

Run by ``make bench``, or as ``python -m experiments.benchmarks.prompt [--rows 100000]``: commands
in processes of their own, with a small model that is trained first. Seconds are those of the
processor, imports included.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments.benchmarks.costs import Cost, Job, count_with_children, time_in_turns
from features.files.table import write_table
from features.simulation.cohort import make_cohort

__all__ = ["time_prompt", "train_small"]

_STUDY = """
name = "prompt"
seed = 1
[population]
description = "simulated"
[treatment]
description = "simulated"
[cohort]
file = "cohort.csv"
[resampling]
repeats = 1
bootstrap_reruns = 0
learning_curve = 0
"""


def train_small(folder: Path) -> tuple[str, str]:
    """Train a model of 120 simulated patients.

    Parameters
    ----------
    folder : Path
        Empty; cohort, study, runs and model go there.

    Returns
    -------
    tuple of str
        ``NAME:VERSION`` and the address of the tracking store.
    """
    write_table(make_cohort(120, seed=1).table, folder / "cohort.csv")
    (folder / "study.toml").write_text(_STUDY, encoding="utf-8")
    return _run(folder, "train", "study.toml", "--quiet", "--jobs", "1"), _find_store(folder)


def _find_store(folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db"


def _run(folder: Path, *words: str) -> str:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("KETRESPONSE_")
    }
    environ["MLFLOW_TRACKING_URI"] = _find_store(folder)
    environ["OMP_NUM_THREADS"] = environ["OPENBLAS_NUM_THREADS"] = "1"
    command = [sys.executable, "-m", "ketresponse", *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ketresponse {words[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout.strip()


def time_prompt(*, sizes: Sequence[int] = (1000, 10_000, 100_000), turns: int = 5) -> list[Cost]:
    """Time what is typed most, and the look through cohort files of several sizes.

    Parameters
    ----------
    sizes : sequence of int
        Rows of the cohort files (37 columns, CSV).
    turns : int
        Of each command.

    Returns
    -------
    list of Cost
        Of one command each; in seconds of the processor.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model, _ = train_small(folder)
        patient = [word for value in ("nrs_t0=8", "opioid=no") for word in ("--set", value)]
        size = ["--parameters", "5", "--prevalence", "0.6", "--c-statistic", "0.7"]
        commands = {
            "ketresponse --help": ["--help"],
            "ketresponse models": ["models"],
            "ketresponse predict": ["predict", model, *patient],
            "ketresponse samplesize develop": ["samplesize", "develop", *size],
        }
        jobs = [
            Job(name, 1, "commands", partial(_run, folder, *words), clock=count_with_children)
            for name, words in commands.items()
        ]
        for rows in sizes:
            file = folder / f"{rows}.csv"
            write_table(make_cohort(rows, seed=1).table, file)
            check = partial(_run, folder, "cohort", "check", file.name)
            jobs.append(Job("cohort check", rows, "rows", check, clock=count_with_children))
        return time_in_turns(jobs, turns=turns)


def main() -> None:
    """Print the seconds of each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    for cost in time_prompt(sizes=(parser.parse_args().rows,)):
        print(f"{cost.what}, {cost.size:g} {cost.size_of}: {np.median(cost.taken):.2f} {cost.unit}")


if __name__ == "__main__":
    main()
