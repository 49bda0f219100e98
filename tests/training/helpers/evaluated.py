"""A small study, evaluated once for all tests of what is told about one."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from tests.training.helpers.cohorts import write_cohort
from training.evaluation.evaluation import Evaluation, count_steps, evaluate
from training.study.settings import read_study
from training.study.study import Description, read_description

STUDY = """
name = "small"
title = "A small study"
seed = 5
[population]
description = "adults"
condition = "CRPS"
[treatment]
description = "treated"
[cohort]
file = "cohort.csv"
[procedure]
candidates = ["prevalence", "ridge", "firth"]
inner_repeats = 1
[resampling]
repeats = 2
bootstrap = 100
bootstrap_reruns = {reruns}
learning_curve = 1
{more}
"""

DECISION = "[decision]\nthresholds = [0.3, 0.62]\n"


def describe_small(*, n: int = 100, reruns: int = 8, more: str = DECISION) -> Description:
    """Return the described cohort of a small study with four sites."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_cohort(folder / "cohort.csv", n, seed=21)
        (folder / "study.toml").write_text(STUDY.format(reruns=reruns, more=more))
        return read_description(read_study(folder / "study.toml"))


@cache
def evaluate_small() -> tuple[Description, Evaluation, int]:
    """Return the study, its evaluation with a null test, and how often progress was called."""
    description = describe_small()
    calls: list[int] = []
    evaluation = evaluate(description, null_permutations=2, progress=lambda: calls.append(1))
    assert len(calls) == count_steps(description, null_permutations=2)
    return description, evaluation, len(calls)


def make_null_table(verdict: str, *, n: int = 100) -> pd.DataFrame:
    """Return a null test of one model at one horizon, with that verdict."""
    table = pd.DataFrame(
        [
            {
                "horizon": "t1",
                "model": "ridge",
                "auc": 0.91 if verdict == "failed" else 0.51,
                "mc_error": 0.01,
                "n_permutations": n,
                "share_constant": 0.0,
                "verdict": verdict,
            }
        ]
    )
    table.attrs["n_permutations"] = n
    return table
