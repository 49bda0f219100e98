"""How a model that a centre had no part in does there, as numbers that may leave it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from features.arrays import FloatArray
from training.measures.pooling.sites import compute_site_table
from training.measures.weighted import clipped_logit

__all__ = ["compute_home_measures", "group_risks"]

_EDGES = np.round(np.linspace(0.0, 1.0, 21), 2)
"""Risks between which patients are counted, before small groups are joined."""


def compute_home_measures(
    y: FloatArray, p: FloatArray, base: float
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

    Returns
    -------
    measures : dict
        Those of :func:`training.measures.pooling.sites.compute_site_table` with their standard
        errors (AUC, O:E, calibration slope), `intercept` (calibration in the large, log-odds)
        with its own, `brier`, `brier_se`, `brier_prevalence`.
    note : str
        Why some are missing.
    """
    row = compute_site_table(y, p, np.full(len(y), "here")).iloc[0]
    found = {
        f"{measure}{end}": float(row[f"{measure}{end}"])
        for measure in ("auc", "o_e", "slope")
        for end in ("", "_se")
        if pd.notna(row[f"{measure}{end}"])
    }
    squares = (y - p) ** 2
    found["brier"] = float(squares.mean())
    found["brier_se"] = float(squares.std(ddof=1) / np.sqrt(len(y)))
    found["brier_prevalence"] = float(np.mean((y - base) ** 2))
    found |= _compute_skill(squares, (y - base) ** 2)
    if 0 < y.sum() < len(y):
        found |= _compute_intercept(y, clipped_logit(p))
    return found, "" if pd.isna(row["note"]) else str(row["note"])


def _compute_skill(squares: FloatArray, of_base: FloatArray) -> dict[str, float]:
    """Return the Brier skill and its standard error, of the paired gain in the same patients."""
    whole = float(of_base.mean())
    gain = of_base - squares
    error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
    return {"brier_skill": float(gain.mean()) / whole, "brier_skill_se": error / whole}


def _compute_intercept(y: FloatArray, lp: FloatArray) -> dict[str, float]:
    """Return calibration in the large, the log-odds as they are, and its standard error."""
    intercept = 0.0
    for _ in range(50):
        risk = expit(intercept + lp)
        step = float((y - risk).sum() / (risk * (1 - risk)).sum())
        intercept += float(np.clip(step, -1.5, 1.5))
        if abs(step) < 1e-10:
            break
    information = float((risk * (1 - risk)).sum())
    return {"intercept": intercept, "intercept_se": information**-0.5}


def group_risks(y: FloatArray, p: FloatArray, *, limit: int) -> list[dict[str, float]]:
    """Count patients by risk, no group with fewer responders or non-responders than allowed.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    p : ndarray of shape (n,)
        Risks.
    limit : int
        Fewest responders, and fewest others, of a group; neighbours are joined until they have
        them. Empty where all together have not.

    Returns
    -------
    list of dict
        `low`, `high` (edges are multiples of 0.05), `n`, `events`, `expected` responders; from the
        lowest risks to the highest.
    """
    which = np.clip(np.searchsorted(_EDGES, p, side="right") - 1, 0, len(_EDGES) - 2)
    groups: list[dict[str, float]] = []
    start = 0
    for stop in range(1, len(_EDGES)):
        here = (which >= start) & (which < stop)
        events, others = int(y[here].sum()), int((1 - y[here]).sum())
        if min(events, others) >= limit:
            groups.append(_describe_group(start, stop, y[here], p[here]))
            start = stop
    if not groups:
        return []
    first = int(np.searchsorted(_EDGES, groups[-1]["low"]))
    joined = which >= first
    groups[-1] = _describe_group(first, len(_EDGES) - 1, y[joined], p[joined])
    return groups


def _describe_group(start: int, stop: int, y: FloatArray, p: FloatArray) -> dict[str, float]:
    return {
        "low": float(_EDGES[start]),
        "high": float(_EDGES[stop]),
        "n": len(y),
        "events": int(y.sum()),
        "expected": round(float(p.sum()), 1),
    }
