"""How much a patient's risk would change had other patients been in the cohort.

The whole procedure is rerun on bootstrap samples, and every rerun predicts the original patients.
What comes out is described in four ways: the risks themselves, their mean distance from the
served risk, the decisions at a threshold, and the calibration of the reruns. None of it is a
confidence interval, and no table here has a row for a patient: patients of similar risk are taken
together, at least ten at a time.

References
----------
Riley and Collins 2023, doi:10.1002/bimj.202200302.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import FloatArray
from training.measures.calibration_curve import compute_curve_alone
from training.measures.decision_curve import COARSE, make_thresholds
from training.measures.weighted import round_risks

__all__ = [
    "Instability",
    "compute_calibration_instability",
    "compute_classification_instability",
    "compute_instability",
    "compute_prediction_instability",
    "describe_instability",
]


_MIN_PER_GROUP = 10
_MOST_GROUPS = 20
_QUANTILES = {"low": 0.025, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 0.975}


@dataclass(frozen=True, eq=False)
class Instability:
    """How far risks, decisions and calibration move when the procedure is rerun.

    Parameters
    ----------
    summary : dict of str to float
        :func:`compute_instability`.
    predictions, classification, calibration : DataFrame
        The tables of the functions of those names.
    curves : ndarray of shape (n_resamples, n_points)
        Calibration curves of the reruns, evenly spaced over risks from 0 to 1.
    """

    summary: dict[str, float]
    predictions: pd.DataFrame
    classification: pd.DataFrame
    calibration: pd.DataFrame
    curves: FloatArray


def compute_instability(served: FloatArray, bootstrapped: FloatArray) -> dict[str, float]:
    """Summarise the spread of risks over bootstrap reruns of the whole procedure.

    Parameters
    ----------
    served : ndarray of shape (n,)
        Risks by the model that is served.
    bootstrapped : ndarray of shape (n_resamples, n)
        Risks of the same patients by models of bootstrap samples.

    Returns
    -------
    dict
        `mean_absolute_prediction_error`: mean over patients and resamples of the distance from
        the served risk (0.10 means that another cohort would typically have moved a patient's
        risk by 10 percentage points); `p90_prediction_error`: the same of the patient below whom
        nine in ten are more stable; `n_resamples`.
    """
    per_patient = np.abs(bootstrapped - served).mean(axis=0)
    return {
        "mean_absolute_prediction_error": float(per_patient.mean()),
        "p90_prediction_error": float(np.quantile(per_patient, 0.9)),
        "n_resamples": float(len(bootstrapped)),
    }


def compute_prediction_instability(served: FloatArray, bootstrapped: FloatArray) -> pd.DataFrame:
    """Describe the risks that reruns give to patients of similar served risk.

    Parameters
    ----------
    served, bootstrapped
        As in :func:`compute_instability`.

    Returns
    -------
    DataFrame
        One row per group, of at least ten patients and at most twenty groups (one group where
        there are fewer than twenty patients, or where everyone has one risk), from low to high
        served risk: `n` patients; `risk`, their mean served risk; `low`, `q1`, `median`, `q3`,
        `high`, the 2.5%, 25%, 50%, 75% and 97.5% points of all the risks that reruns give them;
        `mean_absolute_prediction_error`. A stable procedure has narrow bands around the line
        median = risk.
    """
    n_groups = int(np.clip(len(served) // _MIN_PER_GROUP, 1, _MOST_GROUPS))
    if np.ptp(round_risks(served)) == 0:
        n_groups = 1
    rows = []
    for group in np.array_split(np.argsort(served, kind="stable"), n_groups):
        risks = bootstrapped[:, group]
        points = np.quantile(risks, list(_QUANTILES.values()))
        rows.append(
            {"n": len(group), "risk": float(served[group].mean())}
            | dict(zip(_QUANTILES, map(float, points), strict=True))
            | {"mean_absolute_prediction_error": float(np.abs(risks - served[group]).mean())}
        )
    return pd.DataFrame(rows)


def compute_classification_instability(
    served: FloatArray, bootstrapped: FloatArray, thresholds: Sequence[float]
) -> pd.DataFrame:
    """Return how often a rerun would put a patient on the other side of a threshold.

    Parameters
    ----------
    served, bootstrapped
        As in :func:`compute_instability`.
    thresholds : sequence of float
        In [0, 1].

    Returns
    -------
    DataFrame
        One row per `threshold`: `share_positive`, the patients at or above it by the served model;
        `classification_instability`, the share of patients and reruns that fall on the other side
        (0 is stable; 0.5 is a coin); `unstable_patients`, the share of patients whom more than a
        fifth of the reruns put on the other side.
    """
    rows = []
    for threshold in thresholds:
        cut = round_risks(np.array(threshold))
        above = round_risks(served) >= cut
        other_side = ((round_risks(bootstrapped) >= cut) != above).mean(axis=0)
        rows.append(
            {
                "threshold": float(threshold),
                "share_positive": float(above.mean()),
                "classification_instability": float(other_side.mean()),
                "unstable_patients": float((other_side > 0.2).mean()),
            }
        )
    return pd.DataFrame(rows)


def compute_calibration_instability(
    y: ArrayLike,
    bootstrapped: FloatArray,
    *,
    sample_weight: ArrayLike | None = None,
    n_points: int = 51,
) -> tuple[pd.DataFrame, FloatArray]:
    """Describe the calibration curves of the reruns in the original patients.

    Parameters
    ----------
    y : array_like of shape (n,)
        1 event, 0 none, NaN unknown (left out).
    bootstrapped : ndarray of shape (n_resamples, n)
        Risks by models of bootstrap samples.
    sample_weight : array_like of shape (n,), optional
        Prior weights of loess.
    n_points : int
        Points between 0 and 1.

    Returns
    -------
    table : DataFrame
        One row per `risk`, where at least half of the reruns predict such a risk: `low`, `q1`,
        `median`, `q3`, `high` of the shares observed by loess at that predicted risk, and
        `n_curves`, the reruns that have one there.
    curves : ndarray of shape (n_resamples, n_points)
        The curve of each rerun, NaN outside the risks it predicts and where everyone has the same
        risk. A curve belongs to a model, not to a patient.
    """
    grid = np.linspace(0, 1, n_points)
    curves = np.full((len(bootstrapped), n_points), np.nan)
    for row, risk in zip(curves, bootstrapped, strict=True):
        at, observed = compute_curve_alone(y, risk, sample_weight=sample_weight, n_points=n_points)
        known = ~np.isnan(observed)
        if known.sum() > 1:
            row[:] = np.interp(grid, at[known], observed[known], left=np.nan, right=np.nan)
    n_curves = np.isfinite(curves).sum(axis=0)
    shown = (2 * n_curves >= len(curves)) & (n_curves > 0)
    points = np.empty((len(_QUANTILES), 0))
    if shown.any():
        points = np.nanquantile(curves[:, shown], list(_QUANTILES.values()), axis=0)
    table = pd.DataFrame({"risk": grid[shown]} | dict(zip(_QUANTILES, points, strict=True)))
    return table.assign(n_curves=n_curves[shown]), curves


def describe_instability(
    y: FloatArray,
    served: FloatArray,
    bootstrapped: FloatArray,
    thresholds: tuple[float, float] | None,
    *,
    sample_weight: FloatArray,
) -> Instability:
    """Describe the instability in every way.

    Parameters
    ----------
    y, served, bootstrapped, sample_weight
        As the functions above take them.
    thresholds : (float, float) or None
        Range of the thresholds; None for those from 0.05 to 0.95.
    """
    calibration, curves = compute_calibration_instability(
        y, bootstrapped, sample_weight=sample_weight
    )
    cuts = make_thresholds(thresholds or (COARSE, 1 - COARSE), COARSE)
    return Instability(
        summary=compute_instability(served, bootstrapped),
        predictions=compute_prediction_instability(served, bootstrapped),
        classification=compute_classification_instability(served, bootstrapped, cuts),
        calibration=calibration,
        curves=curves,
    )
