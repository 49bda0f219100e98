"""Pain before treatment, at T1 and at T2: what the scores are, and the tests of their change.

References
----------
Friedman 1937, doi:10.1080/01621459.1937.10503522.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from features.arrays import BoolArray, FloatArray
from features.shares import FEWEST
from training.measures.patients.paired import compute_signed_rank

__all__ = ["compute_pain", "compute_pain_tests"]


_SCORES = {"t0": "nrs_t0", "t1": "nrs_t1", "t2": "nrs_t2"}


def _groups(response: dict[str, FloatArray], n: int) -> list[tuple[str, BoolArray]]:
    groups = [("all", np.ones(n, dtype=bool))]
    for horizon, values in response.items():
        groups.append((f"responders at {horizon.upper()}", values == 1))
        groups.append((f"nonresponders at {horizon.upper()}", values == 0))
    return groups


def _known_scores(table: pd.DataFrame, times: Sequence[str]) -> dict[str, FloatArray]:
    return {
        time: table[name].to_numpy(dtype=np.float64)
        for time, name in _SCORES.items()
        if time in times and name in table
    }


def compute_pain(
    table: pd.DataFrame, response: dict[str, FloatArray], *, times: Sequence[str]
) -> pd.DataFrame:
    """Return `pain` of :class:`experiments.description.description.CohortDescription`.

    `times` are those of "t0", "t1" and "t2" whose scores are on one scale.
    """
    rows = []
    for group, rows_in in _groups(response, len(table)):
        for time, scores in _known_scores(table, times).items():
            known = scores[rows_in & ~np.isnan(scores)]
            summary = [np.nan] * 5
            if len(known) >= FEWEST:
                summary = [*np.percentile(known, [50, 25, 75]), known.mean(), known.std(ddof=1)]
            rows.append((group, time, len(known), int(rows_in.sum()), *summary))
    return pd.DataFrame(
        rows, columns=["group", "time", "n", "of", "median", "q1", "q3", "mean", "sd"]
    )


def compute_pain_tests(
    table: pd.DataFrame, response: dict[str, FloatArray], *, times: Sequence[str]
) -> pd.DataFrame:
    """Return `pain_tests` of :class:`experiments.description.description.CohortDescription`."""
    scores = _known_scores(table, times)
    rows: list[tuple[str, str, str, int, float, float]] = []
    if len(scores) == 3:
        together = np.column_stack(list(scores.values()))
        complete = together[~np.isnan(together).any(axis=1)]
        statistic = p_value = np.nan
        # With no change in any patient there is nothing to rank.
        if len(complete) >= FEWEST and np.ptp(complete, axis=1).any():
            result = stats.friedmanchisquare(*complete.T)
            statistic, p_value = float(result.statistic), float(result.pvalue)
        rows.append(("T0, T1 and T2", "all", "Friedman", len(complete), statistic, p_value))
    pairs = [
        pair for pair in (("t0", "t1"), ("t0", "t2"), ("t1", "t2")) if set(pair) <= set(scores)
    ]
    for group, rows_in in _groups(response, len(table)):
        for first, second in pairs:
            at = group.rsplit(" ", 1)[-1].lower()
            if group != "all" and (first, second) != ("t0", at):
                continue
            found = compute_signed_rank(scores[first][rows_in], scores[second][rows_in])
            words = f"{first.upper()} and {second.upper()}"
            rows.append((words, group, "Wilcoxon signed-rank", *found))
    return pd.DataFrame(rows, columns=["comparison", "group", "test", "n", "statistic", "p_value"])
