"""A small study and its model, as several benchmarks ask for, and commands in its folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from features.files.table import write_table
from features.simulation.cohort import make_cohort

__all__ = ["find_store", "make_environ", "make_study_text", "run_in", "train_small"]

_STUDY = """
name = "benchmark"
seed = 1
[population]
description = "simulated"
[treatment]
description = "simulated"
"""


def make_study_text(
    *,
    repeats: int,
    bootstrap_reruns: int,
    learning_curve: int | None = None,
    file: str = "cohort.csv",
    mapping: str | None = None,
    predictors: Sequence[str] | None = None,
) -> str:
    """Return a study file of simulated patients.

    Parameters
    ----------
    repeats, bootstrap_reruns, learning_curve : int
        Of its resampling; the last is the study's own where it is None.
    file, mapping : str
        The cohort and what it is read with, beside the study file.
    predictors : sequence of str
        Their names; the usual ones where it is None.
    """
    sections: dict[str, dict[str, object]] = {
        "cohort": {"file": file, "mapping": mapping},
        "predictors": {"names": None if predictors is None else list(predictors)},
        "resampling": {
            "repeats": repeats,
            "bootstrap_reruns": bootstrap_reruns,
            "learning_curve": learning_curve,
        },
    }
    lines = [_STUDY]
    for section, asked in sections.items():
        lines.append(f"[{section}]\n")
        # What JSON makes of names, whole numbers and lists of names is TOML too.
        lines += [f"{k} = {json.dumps(v)}\n" for k, v in asked.items() if v is not None]
    return "".join(lines)


def find_store(folder: Path) -> str:
    """Return the address of the tracking store of a folder."""
    return f"sqlite:///{folder}/mlflow.db"


def make_environ(folder: Path) -> dict[str, str]:
    """Return the environment of a command whose store lies in a folder: no setting of our own."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("KETRESPONSE_")}
    return ours | {"MLFLOW_TRACKING_URI": find_store(folder)}


def run_in(folder: Path, *words: str) -> str:
    """Run ``ketresponse`` in a process of its own, with one thread for arrays.

    Parameters
    ----------
    folder : Path
        Where; its tracking store lies there too.
    *words : str
        The command and its options.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    RuntimeError
        If it fails, with what it said.
    """
    environ = make_environ(folder)
    environ["OMP_NUM_THREADS"] = environ["OPENBLAS_NUM_THREADS"] = "1"
    command = [sys.executable, "-m", "ketresponse", *words]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ketresponse {words[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout.strip()


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
    study = make_study_text(repeats=1, bootstrap_reruns=0, learning_curve=0)
    (folder / "study.toml").write_text(study, encoding="utf-8")
    return run_in(folder, "train", "study.toml", "--quiet", "--jobs", "1"), find_store(folder)
