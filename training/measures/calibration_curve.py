"""Whether predicted risks come true: calibration intercepts, slope and curve.

The calibration intercept has two definitions, and both are reported under their own name.
`in_the_large` is the intercept of a logistic model of the outcome in which the logit of the
predicted risk is an offset (slope fixed at 1): above 0, risks are too low on average.
`intercept` belongs to the model that also fits the slope, and is read only together with it.

The flexible curve is R's loess (local quadratic regression over the nearest three quarters of
the patients) of the outcome on the predicted risk, as in val.prob.ci.2 of CalibrationCurves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2

from features.arrays import FloatArray
from training.measures.weighted import (
    Interval,
    bootstrap_weights,
    check_evaluation,
    clipped_logit,
    fit_logistic_rows,
    mean_over_repeats,
    percentile_interval,
    ratio,
    round_risks,
)

__all__ = [
    "Calibration",
    "CalibrationCurve",
    "compute_calibration",
    "compute_calibration_curve",
    "fit_in_the_large_rows",
    "fit_recalibration_rows",
]


_DISTANCES = ("ici", "e50", "e90", "emax")
_FEWEST_RISKS = 6  # fewer points cannot bear a local parabola over three quarters of them


@dataclass(frozen=True)
class Calibration:
    """Weak calibration of risks on the log-odds scale, with profile-likelihood intervals.

    Parameters
    ----------
    in_the_large : Interval
        Intercept with the slope fixed at 1 (offset model). 0 is ideal; above 0, the risks are
        too low on average.
    intercept : Interval
        Intercept of the model that also fits the slope.
    slope : Interval
        1 is ideal; below 1 the risks are too extreme (overfitting), above 1 too timid.
    o_e : float
        Observed over expected number of events; 1 is ideal.
    """

    in_the_large: Interval
    intercept: Interval
    slope: Interval
    o_e: float


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
        over the patients; 0 is ideal. Columns `estimate`, `low`, `high`, `n_failed`, `note` as
        in :func:`training.measures.performance.compute_performance`. A distance cannot be negative
        and noise adds to it: in small cohorts it is well above 0 for a perfect model, and the
        interval lies too high. The smooth is taken as loess gives it, as R does; where it runs
        below 0 or above 1 a distance is too large (emax can pass 1), and the note says so.
    """

    curve: pd.DataFrame
    summary: pd.DataFrame


def compute_calibration(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> Calibration:
    """Compare risks with outcomes by a logistic model of the outcome on the logit of the risk.

    Parameters
    ----------
    y, p, sample_weight
        As in :func:`training.measures.performance.compute_brier`. Risks are clipped to 1e-12 from 0
        and 1 before the logit. The intervals take weights as repetition counts: with
        inverse-probability weights use the bootstrap intervals of
        :func:`training.measures.performance.compute_performance`.

    Returns
    -------
    Calibration
        NaN where it cannot be estimated: with one class all but `o_e`; with constant risks, or
        risks that separate the classes, intercept and slope.

    References
    ----------
    Cox 1958, doi:10.1093/biomet/45.3-4.562; Van Calster 2019, doi:10.1186/s12916-019-1466-7.
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight)
    lp, weights = clipped_logit(risk), weight[None, :]
    flat = np.ones((len(lp), 1))
    design = np.column_stack([flat, lp])
    in_the_large = fit_in_the_large_rows(outcome, lp, weights)
    intercept, slope = fit_recalibration_rows(outcome, lp, weights)[0]
    best = np.array([intercept, slope])
    return Calibration(
        in_the_large=_profile(outcome, flat, lp, weight, in_the_large, 0),
        intercept=_profile(outcome, design, 0 * lp, weight, best, 0),
        slope=_profile(outcome, design, 0 * lp, weight, best, 1),
        o_e=float(ratio(weights @ outcome, weights @ risk)[0]),
    )


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
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    present = weight > 0
    outcome, rows, weight = outcome[present], round_risks(rows[:, present]), weight[present]
    grid = np.linspace(np.median(rows.min(axis=1)), np.median(rows.max(axis=1)), n_points)
    draws = []
    for counts in bootstrap_weights(np.ones(len(outcome)), n_bootstrap=n_bootstrap, seed=seed):
        drawn = np.repeat(np.arange(len(outcome)), counts.astype(int))
        smooth = [_smooth(outcome[drawn], risk[drawn], weight[drawn], grid) for risk in rows]
        draws.append(mean_over_repeats(np.stack(smooth)))
    values = np.stack(draws)
    low, high, n_failed = percentile_interval(values[1:])
    note = "" if np.isfinite(values[0, 0]) else "too few different risks: not estimable"
    observed = values[0, len(_DISTANCES) :]
    if (observed < 0).any() or (observed > 1).any():
        note = "the smooth runs below 0 or above 1, which makes the distance too large"
    summary = pd.DataFrame(
        {"estimate": values[0], "low": low, "high": high, "n_failed": n_failed}
    ).iloc[: len(_DISTANCES)]
    summary.index = pd.Index(_DISTANCES, name="metric")
    summary["note"] = note
    on_grid = slice(len(_DISTANCES), None)
    curve = pd.DataFrame(
        {"risk": grid, "observed": values[0, on_grid], "low": low[on_grid], "high": high[on_grid]}
    )
    curve[["observed", "low", "high"]] = curve[["observed", "low", "high"]].clip(0, 1)
    return CalibrationCurve(curve, summary)


def fit_in_the_large_rows(y: FloatArray, lp: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the intercept of the offset model for each row of weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    lp : ndarray, shape (n,)
        Log-odds of the predicted risks.
    weights : ndarray, shape (n_rows, n)

    Returns
    -------
    ndarray, shape (n_rows,)
        NaN where one class is absent.
    """
    result = np.full(len(weights), np.nan)
    both = (weights @ y > 0) & (weights @ (1 - y) > 0)
    result[both] = fit_logistic_rows(np.ones((len(y), 1)), y, weights[both], offset=lp)[:, 0]
    return result


def fit_recalibration_rows(y: FloatArray, lp: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the intercept and slope of the recalibration model for each row of weights.

    Parameters
    ----------
    y, lp, weights
        As in :func:`fit_in_the_large_rows`.

    Returns
    -------
    ndarray, shape (n_rows, 2)
        NaN unless the classes overlap: with one predictor the estimate exists if and only if
        each class has a patient strictly above one of the other class. Constant risks and a
        single class fail this too.

    References
    ----------
    Albert and Anderson 1984, doi:10.1093/biomet/71.1.1.
    """
    result = np.full((len(weights), 2), np.nan)
    present = weights > 0
    event = y == 1
    lowest = [
        np.where(present[:, c], lp[c], np.inf).min(axis=1, initial=np.inf) for c in (~event, event)
    ]
    highest = [
        np.where(present[:, c], lp[c], -np.inf).max(axis=1, initial=-np.inf)
        for c in (~event, event)
    ]
    overlap = (highest[0] > lowest[1]) & (highest[1] > lowest[0])
    if overlap.any():
        centre, scale = lp.mean(), lp.std()
        design = np.column_stack([np.ones_like(lp), (lp - centre) / scale])
        beta = fit_logistic_rows(design, y, weights[overlap])
        slope = beta[:, 1] / scale
        result[overlap] = np.column_stack([beta[:, 0] - slope * centre, slope])
    return result


def _profile(
    y: FloatArray,
    design: FloatArray,
    offset: FloatArray,
    weight: FloatArray,
    best: FloatArray,
    column: int,
) -> Interval:
    """Return one coefficient with its profile-likelihood interval, given the best coefficients."""
    estimate = float(best[column])
    if not np.isfinite(best).all():
        return Interval(estimate, np.nan, np.nan)

    def deviance(log_odds: FloatArray) -> float:
        return float(2 * weight @ np.logaddexp(0, (1 - 2 * y) * log_odds))

    least = deviance(design @ best + offset)
    others = np.delete(design, column, axis=1)

    def excess(value: float) -> float:
        fixed = offset + value * design[:, column]
        if others.shape[1]:
            fixed = fixed + others @ fit_logistic_rows(others, y, weight[None, :], offset=fixed)[0]
        return deviance(fixed) - least - float(chi2.ppf(0.95, 1))

    ends = []
    for direction in (-1, 1):
        reach = 0.25
        while excess(estimate + direction * reach) < 0:
            reach *= 2
        ends.append(float(brentq(excess, estimate, estimate + direction * reach)))
    return Interval(estimate, ends[0], ends[1])


def _smooth(y: FloatArray, p: FloatArray, weight: FloatArray, grid: FloatArray) -> FloatArray:
    """Return the distances and, at the points of `grid` within the range of p, the curve."""
    from skmisc.loess import loess  # here, because serving judges risks without this library

    result = np.full(len(_DISTANCES) + len(grid), np.nan)
    if len(np.unique(p)) < _FEWEST_RISKS:
        return result
    inside = np.flatnonzero((grid >= p.min()) & (grid <= p.max()))
    try:
        # The trace of the smoother serves loess's own standard errors, which are not used.
        model = loess(p, y, weights=weight, trace_hat="approximate")
        model.fit()
        if len(inside):
            result[len(_DISTANCES) + inside] = model.predict(grid[inside]).values
    except ValueError:  # a neighbourhood with too few different risks: counted as a failure
        return np.full_like(result, np.nan)
    distance = np.abs(model.outputs.fitted_values - p)
    result[: len(_DISTANCES)] = [
        np.average(distance, weights=weight),
        *_quantiles(distance, weight, [0.5, 0.9]),
        distance.max(),
    ]
    return result


def _quantiles(values: FloatArray, weight: FloatArray, shares: list[float]) -> FloatArray:
    if np.ptp(weight) == 0:
        return np.asarray(np.quantile(values, shares))
    return np.asarray(np.quantile(values, shares, weights=weight, method="inverted_cdf"))
