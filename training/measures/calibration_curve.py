"""How far predicted risks run from what happened: the flexible calibration curve.

R's loess (local quadratic regression over the nearest three quarters of the patients) of the
outcome on the predicted risk, as in val.prob.ci.2 of CalibrationCurves. It is scikit-misc's, which
wraps the same Fortran as R; statsmodels' lowess is another smoother, local lines with robust
weights, and gives other distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import FloatArray
from training.measures.weighted import (
    bootstrap_weights,
    check_evaluation,
    mean_over_repeats,
    percentile_interval,
    round_risks,
)

__all__ = ["CalibrationCurve", "compute_calibration_curve", "compute_curve_alone"]

_DISTANCES = ("ici", "e50", "e90", "emax")
_FEWEST_RISKS = 6  # fewer points cannot bear a local parabola over three quarters of them


@dataclass(frozen=True)
class CalibrationCurve:
    """The flexible calibration curve, and how far it runs from the ideal line.

    Parameters
    ----------
    curve : DataFrame
        Columns `risk`, the predicted risk, evenly spaced over the range that was predicted;
        `observed`, the share of events there, in [0, 1]; `low` and `high`, its pointwise 95%
        bootstrap band. The ideal is observed = risk. NaN where it cannot be estimated.
    summary : DataFrame
        Indexed by `metric`: distance between predicted and observed risk, as mean (ici, the
        integrated calibration index), median (e50), 90th percentile (e90) and maximum (emax)
        over the patients; 0 is ideal. Columns `estimate` and `note`, as in
        :func:`training.measures.performance.compute_performance`, and no interval: a distance
        cannot be negative and noise adds to it, so that in small cohorts it is well above 0 for
        a perfect model, and a resample, which has noise of its own, lies further off still. In
        simulated cohorts of 48 patients a percentile interval of the ici held the true distance
        in none of 150 where it was 0 and in 25% where the true slope was 0.6; the bootstrap
        turned round (twice the estimate less the percentiles) in 73% and 91%. The smooth is taken
        as loess gives it, as R does; where it runs below 0 or above 1 a distance is too large
        (emax can pass 1), and the note says so.
    """

    curve: pd.DataFrame
    summary: pd.DataFrame


def compute_calibration_curve(
    y: ArrayLike,
    p: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    n_points: int = 101,
    n_bootstrap: int = 500,
    seed: int | np.random.Generator,
) -> CalibrationCurve:
    """Smooth the outcome over the predicted risk.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown (left out).
    p : array_like, shape (n,) or (n_repeats, n)
        Risks, 0 to 1. Curves and distances of the repeats of a cross-validation are averaged;
        the curve runs from the median of their lowest to the median of their highest risks.
    sample_weight : array_like, shape (n,), optional
        Prior weights of loess. They do not move the borders of a neighbourhood, which holds
        three quarters of the patients: here, as in R, weights are not the same as repetitions.
    n_points : int
        Points of the curve.
    n_bootstrap : int
        Resamples of patients, on the same risks.
    seed : int or Generator

    Returns
    -------
    CalibrationCurve

    References
    ----------
    Austin and Steyerberg 2019, doi:10.1002/sim.8281; Van Calster 2016,
    doi:10.1016/j.jclinepi.2015.12.005.
    """
    outcome, rows, weight = _prepare(y, p, sample_weight)
    grid = np.linspace(np.median(rows.min(axis=1)), np.median(rows.max(axis=1)), n_points)
    smooth = [_smooth(outcome, risk, weight, grid) for risk in rows]
    measured = [_measure(risk, at, weight) for risk, (_, at) in zip(rows, smooth, strict=True)]
    distances = mean_over_repeats(np.stack(measured))
    observed = mean_over_repeats(np.stack([curve for curve, _ in smooth]))
    draws = np.empty((n_bootstrap, n_points))
    resamples = bootstrap_weights(np.ones(len(outcome)), n_bootstrap=n_bootstrap, seed=seed)[1:]
    for draw, counts in zip(draws, resamples, strict=True):
        drawn = np.repeat(np.arange(len(outcome)), counts.astype(int))
        curves = [_smooth(outcome[drawn], risk[drawn], weight[drawn], grid)[0] for risk in rows]
        draw[:] = mean_over_repeats(np.stack(curves))
    low, high, _ = percentile_interval(draws)
    note = "" if np.isfinite(distances[0]) else "too few different risks: not estimable"
    if (observed < 0).any() or (observed > 1).any():
        note = "the smooth runs below 0 or above 1, which makes the distance too large"
    summary = pd.DataFrame(
        {"estimate": distances, "note": note}, index=pd.Index(_DISTANCES, name="metric")
    )
    curve = pd.DataFrame({"risk": grid, "observed": observed, "low": low, "high": high})
    curve[["observed", "low", "high"]] = curve[["observed", "low", "high"]].clip(0, 1)
    return CalibrationCurve(curve, summary)


def compute_curve_alone(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None, n_points: int = 101
) -> tuple[FloatArray, FloatArray]:
    """Return the columns `risk` and `observed` of :func:`compute_calibration_curve`, faster.

    Parameters
    ----------
    y, p, sample_weight, n_points
        As there; `p` of shape (n,).
    """
    outcome, (risk,), weight = _prepare(y, p, sample_weight)
    grid = np.linspace(risk.min(), risk.max(), n_points)
    return grid, np.clip(_smooth(outcome, risk, weight, grid)[0], 0, 1)


def _prepare(
    y: ArrayLike, p: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return outcomes, risks (n_repeats, n) and weights of the patients who count."""
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    present = weight > 0
    return outcome[present], round_risks(rows[:, present]), weight[present]


def _smooth(
    y: FloatArray, p: FloatArray, weight: FloatArray, grid: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the curve at the points of `grid` within the range of p, and at p itself."""
    from skmisc.loess import loess  # here, because serving judges risks without this library

    curve, nothing = np.full(len(grid), np.nan), np.full(len(p), np.nan)
    if len(np.unique(p)) < _FEWEST_RISKS:
        return curve, nothing
    inside = np.flatnonzero((grid >= p.min()) & (grid <= p.max()))
    try:
        # The trace of the smoother serves loess's own standard errors, which are not used.
        model = loess(p, y, weights=weight, trace_hat="approximate")
        model.fit()
        if len(inside):
            curve[inside] = model.predict(grid[inside]).values
    except ValueError:  # a neighbourhood with too few different risks: counted as a failure
        return np.full(len(grid), np.nan), nothing
    return curve, np.array(model.outputs.fitted_values)


def _measure(p: FloatArray, observed: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the distances of the curve from the ideal, NaN where there is no curve."""
    if np.isnan(observed).all():
        return np.full(len(_DISTANCES), np.nan)
    distance = np.abs(observed - p)
    middle, ninth = _quantiles(distance, weight, [0.5, 0.9])
    return np.array([np.average(distance, weights=weight), middle, ninth, distance.max()])


def _quantiles(values: FloatArray, weight: FloatArray, shares: list[float]) -> FloatArray:
    if np.ptp(weight) == 0:
        return np.asarray(np.quantile(values, shares))
    return np.asarray(np.quantile(values, shares, weights=weight, method="inverted_cdf"))
