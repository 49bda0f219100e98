"""Whether predicted risks come true on average: calibration intercepts and slope.

The calibration intercept has two definitions, and both are reported under their own name.
`in_the_large` is the intercept of a logistic model of the outcome in which the logit of the
predicted risk is an offset (slope fixed at 1): above 0, risks are too low on average.
`intercept` belongs to the model that also fits the slope, and is read only together with it.

Both models are fitted to many models' risks and many weights at once, which no library does:
statsmodels' GLM takes 3 ms a fit, and a training asks for tens of thousands. The Newton steps are
those of :func:`training.measures.weighted.fit_logistic_rows`, written out for one and two
coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtri

from features.arrays import FloatArray
from training.measures.weighted import (
    Interval,
    check_evaluation,
    clipped_logit,
    fit_logistic_rows,
    ratio,
)

__all__ = ["SMALL_STEP", "compute_calibration", "fit_in_the_large", "fit_recalibration"]

_MAX_STEPS = 100
# By scipy.special: scipy.stats, which has it too, takes a quarter of a second to be imported.
_CHI_SQUARE = float(chdtri(1, 0.05))
SMALL_STEP = 1e-7
"""On any log-odds: the step is taken, and the next would be its square."""


@dataclass(frozen=True)
class Calibration:
    """Weak calibration of risks on the log-odds scale, with profile-likelihood intervals.

    For one model in patients of its own, without resampling. Reports use bootstrap intervals, which
    repeats of a cross-validation and weights need; these here are what other software prints, and
    hold ours against published numbers.

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


def compute_calibration(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> Calibration:
    """Compare risks with outcomes by a logistic model of the outcome on the logit of the risk.

    Parameters
    ----------
    y, p, sample_weight
        As in :func:`training.measures.performance.compute_performance`, whose bootstrap intervals
        are the ones to use with inverse-probability weights: those here take weights as
        repetition counts. Risks are clipped to 1e-12 from 0 and 1 before the logit.

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
    lp = clipped_logit(risk)
    one_model = outcome, lp[None], weight[None, None]
    flat = np.ones((len(lp), 1))
    design = np.column_stack([flat, lp])
    in_the_large = fit_in_the_large(*one_model)
    best = np.concatenate(fit_recalibration(*one_model))[:, 0]
    return Calibration(
        in_the_large=_profile(outcome, flat, lp, weight, in_the_large[0], 0),
        intercept=_profile(outcome, design, 0 * lp, weight, best, 0),
        slope=_profile(outcome, design, 0 * lp, weight, best, 1),
        o_e=float(ratio(weight @ outcome, weight @ risk)),
    )


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
        return deviance(fixed) - least - _CHI_SQUARE

    ends = []
    for direction in (-1, 1):
        reach = 0.25
        while excess(estimate + direction * reach) < 0:
            reach *= 2
        ends.append(float(brentq(excess, estimate, estimate + direction * reach)))
    return Interval(estimate, ends[0], ends[1])


def fit_in_the_large(
    y: FloatArray, lp: FloatArray, weights: FloatArray, *, small_step: float = SMALL_STEP
) -> FloatArray:
    """Return the intercept of the offset model of each model under each of its weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    lp : ndarray, shape (n_models, n)
        Log-odds of the predicted risks.
    weights : ndarray, shape (n_models, n_weights, n)
        Non-negative.
    small_step : float
        The last Newton step, in log-odds.

    Returns
    -------
    ndarray, shape (n_models, n_weights)
        NaN where one class is absent.
    """
    usable = (weights @ y > 0) & (weights @ (1 - y) > 0)
    result = np.full(usable.shape, np.nan)
    model, which = np.nonzero(usable)
    w, offset = weights[model, which], lp[model]
    observed = w @ y
    shift = np.zeros(len(model))
    active = np.arange(len(model))
    for _ in range(_MAX_STEPS):
        safe = _sigmoid(offset + shift[active, None])
        expected = _dot(w, safe)
        bend = expected - _dot(w, np.square(safe, out=safe))
        step = (observed[active] - expected) / np.maximum(bend, 1e-100)
        shift[active] += np.sign(step) * np.log1p(np.abs(step))
        done = np.abs(step) < small_step
        result[model[active[done]], which[active[done]]] = shift[active[done]]
        if done.all():
            break
        if done.any():
            active, w, offset = active[~done], w[~done], offset[~done]
    return result


def fit_recalibration(
    y: FloatArray, lp: FloatArray, weights: FloatArray, *, small_step: float = SMALL_STEP
) -> tuple[FloatArray, FloatArray]:
    """Return intercept and slope of the recalibration model of each model and weight.

    Parameters
    ----------
    y, lp, weights, small_step
        As in :func:`fit_in_the_large`.

    Returns
    -------
    intercept, slope : ndarray, shape (n_models, n_weights)
        NaN unless the classes overlap: with one predictor the estimate exists if and only if
        each class has a patient strictly above one of the other class. Constant risks and a
        single class fail this too.

    References
    ----------
    Albert and Anderson 1984, doi:10.1093/biomet/71.1.1.
    """
    shape = weights.shape[:2]
    intercept, slope = np.full(shape, np.nan), np.full(shape, np.nan)
    present, event = weights > 0, y == 1
    z = lp[:, None, :]
    lowest = [
        np.where(present[..., c], z[..., c], np.inf).min(axis=2, initial=np.inf)
        for c in (~event, event)
    ]
    highest = [
        np.where(present[..., c], z[..., c], -np.inf).max(axis=2, initial=-np.inf)
        for c in (~event, event)
    ]
    model, which = np.nonzero((highest[0] > lowest[1]) & (highest[1] > lowest[0]))
    center, scale = lp.mean(axis=1)[model], lp.std(axis=1)[model]
    x = (lp[model] - center[:, None]) / scale[:, None]
    farthest = np.abs(x).max(axis=1)
    w = weights[model, which]
    sign = 2 * y - 1
    # Start at the risks as they are: in its own sample an unpenalised model is there already.
    a, b = center.copy(), scale.copy()
    active = np.arange(len(model))
    signed, squared = sign * x, x * x
    for _ in range(_MAX_STEPS):
        # The risk of the class that did not happen, and what it pulls with.
        missed = _sigmoid(a[active, None] * -sign - b[active, None] * signed)
        pull = w * missed
        bend = np.multiply(pull, 1 - missed, out=missed)
        g0, g1 = pull @ sign, _dot(pull, signed)
        h00, h01, h11 = bend.sum(axis=1), _dot(bend, x), _dot(bend, squared)
        ridge = 1e-13 * (h00 + h11) + 1e-100
        h00, h11 = h00 + ridge, h11 + ridge
        determinant = h00 * h11 - h01**2
        da = (h11 * g0 - h01 * g1) / determinant
        db = (h00 * g1 - h01 * g0) / determinant
        reach = np.abs(da) + np.abs(db) * farthest[active]
        cut = np.log1p(reach) / np.maximum(reach, 1e-100)
        a[active] += cut * da
        b[active] += cut * db
        done = reach < small_step
        ended = active[done]
        slope[model[ended], which[ended]] = b[ended] / scale[ended]
        intercept[model[ended], which[ended]] = a[ended] - b[ended] / scale[ended] * center[ended]
        if done.all():
            break
        if done.any():
            active, w, x = active[~done], w[~done], x[~done]
            signed, squared = signed[~done], squared[~done]
    return intercept, slope


def _dot(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the product of each pair of rows."""
    return np.asarray(np.einsum("in,in->i", first, second))


def _sigmoid(margin: FloatArray) -> FloatArray:
    """Return expit of an array that is not needed any more, in its own memory."""
    np.negative(margin, out=margin)
    with np.errstate(over="ignore"):  # of exp: the risk is then 0, which it is to 300 digits
        np.exp(margin, out=margin)
    margin += 1
    return np.reciprocal(margin, out=margin)
