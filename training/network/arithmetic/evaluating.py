"""How a model that a centre had no part in does there, as numbers that may leave it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import FloatArray
from training.measures.pooling.sites import compute_site_table
from training.measures.recalibration import fit_in_the_large
from training.measures.weighted import clipped_logit

__all__ = ["compute_home_measures", "compute_weighted_mean"]


def compute_home_measures(
    y: FloatArray, p: FloatArray, base: float, weight: FloatArray | None = None
) -> tuple[dict[str, float], str]:
    """Return measures of risks in one centre's patients.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    p : ndarray of shape (n,)
        Risks, by a model that these patients had no part in.
    base : float
        The share of responders elsewhere, given to everyone, that it is compared with.
    weight : ndarray of shape (n,) or None
        For how many each patient stands, above 0; None: for one.

    Returns
    -------
    measures : dict
        Those of :func:`training.measures.pooling.sites.compute_site_table` with their standard
        errors (AUC, O:E, calibration slope), `intercept` (calibration in the large, log-odds)
        with its own, `brier`, `brier_se`, `brier_prevalence`, `brier_skill`, `brier_skill_se`.
    note : str
        Why some are missing.
    """
    w = np.ones(len(y)) if weight is None else weight
    row = compute_site_table(y, p, np.full(len(y), "here"), sample_weight=w).iloc[0]
    found = {
        f"{measure}{end}": float(row[f"{measure}{end}"])
        for measure in ("auc", "o_e", "slope")
        for end in ("", "_se")
        if pd.notna(row[f"{measure}{end}"])
    }
    squares, of_base = (y - p) ** 2, (y - base) ** 2
    found["brier"], found["brier_se"] = compute_weighted_mean(squares, w)
    whole = found["brier_prevalence"] = compute_weighted_mean(of_base, w)[0]
    gain, error = compute_weighted_mean(of_base - squares, w)  # paired: the same patients
    found |= {"brier_skill": gain / whole, "brier_skill_se": error / whole}
    if 0 < y.sum() < len(y):
        found |= _compute_intercept(y, clipped_logit(p), w)
    return found, "" if pd.isna(row["note"]) else str(row["note"])


def compute_weighted_mean(values: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return a weighted mean and its standard error.

    Parameters
    ----------
    values, weight : ndarray of shape (n,)
        At least two; weights above 0, taken as known.

    Returns
    -------
    mean, error : float
        With equal weights the error is the standard deviation over the root of n.
    """
    n, total = len(values), float(weight.sum())
    mean = float(weight @ values) / total
    squares = float(weight**2 @ (values - mean) ** 2)
    return mean, float(np.sqrt(n / (n - 1) * squares)) / total


def _compute_intercept(y: FloatArray, lp: FloatArray, weight: FloatArray) -> dict[str, float]:
    """Return calibration in the large, the log-odds as they are, and its standard error."""
    intercept = float(fit_in_the_large(y, lp[None], weight[None, None])[0, 0])
    risk = expit(intercept + lp)
    spread = risk * (1 - risk)
    error = float(np.sqrt(weight**2 @ spread)) / float(weight @ spread)
    return {"intercept": intercept, "intercept_se": error}
