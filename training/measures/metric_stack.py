"""The metrics of many models at once, each with risks and weights of its own.

:func:`training.measures.performance.compute_metric_rows` judges one set of risks under many
weights. A thousand bootstrap reruns are a thousand sets of risks; here all of them are sorted,
summed and recalibrated together. Both give the same numbers.
"""

from __future__ import annotations

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.measures.weighted import RISK_CLIP, clipped_logit, ratio, round_risks

__all__ = ["compute_metric_stack"]

_CHUNK = 100_000  # models x weights x patients that one step holds at a time
_MAX_STEPS = 100
_SMALL_STEP = 1e-5  # on any log-odds; the step is taken, and the next would be its square


def compute_metric_stack(
    y: FloatArray, p: FloatArray, weights: FloatArray, *, n_calibrated: int | None = None
) -> dict[str, FloatArray]:
    """Return every metric of each model under each of its weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1.
    p : ndarray, shape (n_models, n)
        Risks, 0 to 1.
    weights : ndarray, shape (n_models, n_weights, n)
        Non-negative.
    n_calibrated : int, optional
        Calibration models, which take the longest, are fitted under that many of a model's first
        weights only, and are NaN under the others.

    Returns
    -------
    dict of str to ndarray, shape (n_models, n_weights)
        As :func:`training.measures.performance.compute_metric_rows`.
    """
    size = max(1, _CHUNK // max(1, weights[:1].size))
    parts = [
        _compute(y, p[start : start + size], weights[start : start + size], n_calibrated)
        for start in range(0, max(len(p), 1), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _compute(
    y: FloatArray, p: FloatArray, weights: FloatArray, n_calibrated: int | None
) -> dict[str, FloatArray]:
    total = weights.sum(axis=2)
    events = weights @ y
    prevalence = ratio(events, total)
    brier = ratio(_sum(weights, (y - p) ** 2), total)
    clipped = np.clip(p, RISK_CLIP, 1 - RISK_CLIP)
    losses = -np.log(np.where(y == 1, clipped, 1 - clipped))
    lp = clipped_logit(p)
    in_the_large, intercept, slope = np.full((3, *total.shape), np.nan)
    judged = (slice(None), slice(n_calibrated))
    both = (events > 0) & (weights @ (1 - y) > 0)
    in_the_large[judged] = _fit_in_the_large(y, lp, weights[judged], both[judged])
    intercept[judged], slope[judged] = _recalibrate(y, lp, weights[judged])
    return {
        "auc": _compute_auc(y, p, weights),
        "brier": brier,
        "scaled_brier": 1 - ratio(brier, prevalence * (1 - prevalence)),
        "log_loss": ratio(_sum(weights, losses), total),
        "calibration_in_the_large": in_the_large,
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "o_e": ratio(events, _sum(weights, p)),
    }


def _sum(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Return the weighted sums of (n_models, n) values."""
    return np.asarray((weights @ values[:, :, None])[:, :, 0])


def _compute_auc(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    risks = round_risks(p)
    order = np.argsort(risks, axis=1)
    ordered = np.take_along_axis(risks, order, axis=1)
    event = y[order]
    sorted_weights = np.take_along_axis(weights, order[:, None, :], axis=2)
    cases = sorted_weights * event[:, None, :]
    controls = sorted_weights - cases
    below = np.cumsum(controls, axis=2) - controls / 2
    ties = np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))
    if len(ties):
        below[ties] = _count_below(ordered[ties], controls[ties])
    concordant = np.einsum("mwn,mwn->mw", cases, below)
    return ratio(concordant, cases.sum(axis=2) * controls.sum(axis=2))


def _count_below(ordered: FloatArray, controls: FloatArray) -> FloatArray:
    """Return the controls below each patient, those at the same risk counted half."""
    n = ordered.shape[1]
    place = np.arange(n)
    starts = np.diff(ordered, axis=1, prepend=-1.0) != 0
    ends = np.diff(ordered, axis=1, append=2.0) != 0
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, n - 1)[:, ::-1], axis=1)[:, ::-1]
    upto = np.cumsum(controls, axis=2)
    before = upto - controls
    at_first = np.take_along_axis(before, first[:, None, :], axis=2)
    at_last = np.take_along_axis(upto, last[:, None, :], axis=2)
    return np.asarray((at_first + at_last) / 2)


def _fit_in_the_large(
    y: FloatArray, lp: FloatArray, weights: FloatArray, usable: BoolArray
) -> FloatArray:
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
        done = np.abs(step) < _SMALL_STEP
        result[model[active[done]], which[active[done]]] = shift[active[done]]
        if done.all():
            break
        if done.any():
            active, w, offset = active[~done], w[~done], offset[~done]
    return result


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


def _recalibrate(
    y: FloatArray, lp: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return intercept and slope, NaN unless the classes overlap (Albert and Anderson 1984)."""
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
        done = reach < _SMALL_STEP
        ended = active[done]
        slope[model[ended], which[ended]] = b[ended] / scale[ended]
        intercept[model[ended], which[ended]] = a[ended] - b[ended] / scale[ended] * center[ended]
        if done.all():
            break
        if done.any():
            active, w, x = active[~done], w[~done], x[~done]
            signed, squared = signed[~done], squared[~done]
    return intercept, slope
