"""Differences between two sets of bootstrap draws, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.measures.weighted import percentile_interval

__all__ = ["compare_draws"]


def compare_draws(first: pd.DataFrame, second: pd.DataFrame, *, paired: bool) -> pd.DataFrame:
    """Compare two models by their metrics in bootstrap resamples.

    Parameters
    ----------
    first, second : DataFrame
        From :func:`draws_table`.
    paired : bool
        Whether row k of both comes from the same patients.

    Returns
    -------
    DataFrame
        Indexed by `metric` (those that both have): the estimates `first` and `second`;
        `difference`, second less first; `low`, `high`, its 95% bootstrap interval; `n_failed`,
        resamples in which it could not be computed. An interval that holds 0 means that these
        patients cannot tell the two apart, not that they are the same. The variance of refitting
        either model is not in it.
    """
    names = [name for name in first.columns if name in second.columns]
    a, b = first[names].to_numpy(), second[names].to_numpy()
    if paired and len(a) != len(b):
        raise ValueError(f"pairs need equal numbers of resamples, got {len(a) - 1}, {len(b) - 1}")
    resampled, others = a[1:], b[1:]
    if not paired:
        # The same seed on other patients would tie the rows together by accident.
        size = min(len(resampled), len(others))
        others = np.random.default_rng(0).permutation(others)[:size]
        resampled = resampled[:size]
    low, high, n_failed = percentile_interval(others - resampled)
    return pd.DataFrame(
        {
            "first": a[0],
            "second": b[0],
            "difference": b[0] - a[0],
            "low": low,
            "high": high,
            "n_failed": n_failed,
        },
        index=pd.Index(names, name="metric"),
    )
