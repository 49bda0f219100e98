"""What every evaluation of predictions shares: patients' weights, resamples and intervals.

Numbers are computed for many rows of patient weights at once: row 0 holds the patients as they
are, the others are bootstrap resamples, in which a patient drawn twice has twice the weight.
Weights that are repetition counts give exactly what physically repeated rows would give;
inverse-probability weights multiply them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from features.arrays import FloatArray, IntArray

__all__ = [
    "Interval",
    "RISK_CLIP",
    "bootstrap_weights",
    "check_evaluation",
    "clipped_logit",
    "fit_logistic_rows",
    "mean_over_repeats",
    "percentile_interval",
    "ratio",
    "round_risks",
]


RISK_CLIP = 1e-12
"""Risks are kept this far from 0 and 1 where a logit or a logarithm is taken."""

_TINY = 1e-100
_MAX_STEPS = 100
_SMALL_STEP = 1e-7  # on the log-odds of any patient; the next Newton step would be its square


class Interval(NamedTuple):
    """An estimate with the ends of its 95% interval, all on the estimate's own scale."""

    estimate: float
    low: float
    high: float


def check_evaluation(
    y: ArrayLike,
    p: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    repeats: bool = False,
    risks: bool = True,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Check outcomes, predictions and weights, and keep the patients with a known outcome.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,), or (n_repeats, n) where `repeats`
        Predictions; one row for each repeat of a cross-validation.
    sample_weight : array_like, shape (n,), optional
        Non-negative weights; all 1 when not given.
    repeats : bool
        Whether `p` may have, and is returned with, a row for each repeat.
    risks : bool
        Whether `p` must lie in [0, 1]. False for any score that only ranks.

    Returns
    -------
    y : ndarray, shape (n_known,)
    p : ndarray, shape (n_known,) or (n_repeats, n_known)
    sample_weight : ndarray, shape (n_known,)

    Raises
    ------
    ValueError
        Listing everything that is wrong. A missing prediction for a known outcome is an error:
        leaving it out in silence would change which patients are judged.
    """
    outcome, predicted = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    weight = np.ones_like(outcome) if sample_weight is None else np.asarray(sample_weight, float)
    if repeats:
        predicted = np.atleast_2d(predicted)
    if (
        outcome.ndim != 1
        or predicted.ndim != 1 + repeats
        or not outcome.shape == weight.shape == predicted.shape[-1:]
    ):
        shapes = f"y {outcome.shape}, p {np.shape(p)}, sample_weight {weight.shape}"
        raise ValueError(f"the arrays' shapes do not belong together: {shapes}")
    known = ~np.isnan(outcome)
    outcome, predicted, weight = outcome[known], predicted[..., known], weight[known]
    problems = []
    if not np.isin(outcome, (0.0, 1.0)).all():
        problems.append("y must be 0, 1 or NaN")
    if not np.isfinite(predicted).all():
        problems.append("a known outcome has no finite prediction")
    elif risks and ((predicted < 0) | (predicted > 1)).any():
        problems.append("predicted risks must lie in [0, 1]")
    if not np.isfinite(weight).all() or (weight < 0).any():
        problems.append("sample_weight must be finite and not negative")
    elif not weight.sum() > 0:
        problems.append("no patient with a known outcome has a weight above 0")
    if problems:
        raise ValueError("; ".join(problems))
    return outcome, predicted, weight


def round_risks(p: FloatArray) -> FloatArray:
    """Return risks to 12 decimals: rounding noise must neither rank patients nor hide a tie."""
    return np.round(p, 12)


def clipped_logit(p: FloatArray) -> FloatArray:
    """Return the log-odds of rounded risks, clipped to :data:`RISK_CLIP` from 0 and 1."""
    return np.asarray(logit(np.clip(round_risks(p), RISK_CLIP, 1 - RISK_CLIP)), dtype=np.float64)


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return the ratio; NaN where the denominator, which is never negative, is 0."""
    result = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def mean_over_repeats(values: FloatArray) -> FloatArray:
    """Average the first axis over the repeats in which a number could be computed."""
    computed = np.isfinite(values)
    return ratio(np.where(computed, values, 0.0).sum(axis=0), computed.sum(axis=0).astype(float))


def bootstrap_weights(
    sample_weight: FloatArray, *, n_bootstrap: int, seed: int | np.random.Generator
) -> FloatArray:
    """Return the patients' weights (row 0) and those of bootstrap resamples of patients.

    Parameters
    ----------
    sample_weight : ndarray, shape (n,)
    n_bootstrap : int
        Number of resamples; 0 for none.
    seed : int or Generator
        The same seed and n give the same resamples, so that two models are compared in pairs.

    Returns
    -------
    ndarray, shape (1 + n_bootstrap, n)
        Number of times that each patient was drawn, times the patient's weight.
    """
    n = len(sample_weight)
    weights = np.empty((1 + n_bootstrap, n))
    weights[0] = 1.0
    rng, shares = np.random.default_rng(seed), np.full(n, 1 / n)
    for row in weights[1:]:  # one by one: the whole numbers need not lie in memory beside them
        row[:] = rng.multinomial(n, shares)
    weights *= sample_weight
    return weights


def percentile_interval(draws: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the 2.5% and 97.5% points of bootstrap draws, and how many draws failed.

    Parameters
    ----------
    draws : ndarray, shape (n_bootstrap, k)
        NaN where a resample could not be computed.

    Returns
    -------
    low, high : ndarray, shape (k,)
        Over the draws that could be computed; NaN when fewer than half of them could.
    n_failed : ndarray of int, shape (k,)
    """
    failed = np.isnan(draws).sum(axis=0)
    usable = (2 * failed <= len(draws)) & (len(draws) > 0)
    low, high = np.full((2, draws.shape[1]), np.nan)
    if usable.any():
        low[usable], high[usable] = np.nanpercentile(draws[:, usable], [2.5, 97.5], axis=0)
    return low, high, failed


def fit_logistic_rows(
    design: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    *,
    offset: FloatArray | float = 0.0,
    start: FloatArray | float = 0.0,
) -> FloatArray:
    """Fit one maximum-likelihood logistic model to each row of weights.

    Newton steps, each shortened by log(1 + r) / r, where r is the largest change that the full
    step makes to any patient's log-odds. The likelihood then rises at every step whatever the
    start (Bach 2010), where full steps diverge at these sample sizes.

    Parameters
    ----------
    design : ndarray, shape (n, k)
        Columns of the model, the intercept included; of full rank in every row, and of order 1.
    y : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (n_rows, n)
        Non-negative; one fit for each row.
    offset : ndarray, shape (n,), or float
        Log-odds added to the model with a coefficient fixed at 1.
    start : ndarray, shape (k,), or float
        Where the steps begin; any finite start ends at the same estimate.

    Returns
    -------
    ndarray, shape (n_rows, k)
        NaN for a row that did not converge: its estimate is infinite. Callers that can tell such
        rows beforehand leave them out, to save time.

    References
    ----------
    Bach 2010, doi:10.1214/09-EJS521.
    """
    n_columns = design.shape[1]
    squares = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    sign = 2 * y - 1
    signed = sign[:, None] * design
    beta = np.zeros((len(weights), n_columns)) + start
    result = np.full_like(beta, np.nan)
    active = np.arange(len(weights))
    for _ in range(_MAX_STEPS):
        # The risk of the class that did not happen: it never rounds to 0, so that a fit whose
        # estimate is infinite cannot be taken for one that has converged.
        missed = expit((beta @ design.T + offset) * -sign)
        pull = weights * missed
        gradient = pull @ signed
        hessian = ((pull * (1 - missed)) @ squares).reshape(-1, n_columns, n_columns)
        # A ridge far below the rounding of the estimate: a saturated row is not singular.
        ridge = 1e-13 * np.trace(hessian, axis1=1, axis2=2) + _TINY
        hessian += ridge[:, None, None] * np.eye(n_columns)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        reach = np.abs(step @ design.T).max(axis=1)
        beta += step * (np.log1p(reach) / np.maximum(reach, _TINY))[:, None]
        done = reach < _SMALL_STEP
        result[active[done]] = beta[done]
        if done.all():
            break
        active, beta, weights = active[~done], beta[~done], weights[~done]
    return result
