"""Every metric of predicted risks, for many models and many weights at once.

Arrays in, arrays out. A thousand bootstrap reruns are a thousand sets of risks, the resamples of
an interval a thousand sets of weights: all of them are sorted, summed and recalibrated together,
in steps that fit into the processor's cache.
"""

from __future__ import annotations

import numpy as np

from features.arrays import FloatArray, IntArray
from training.measures.discrimination import count_pairs
from training.measures.recalibration import SMALL_STEP, fit_in_the_large, fit_recalibration
from training.measures.weighted import (
    RISK_CLIP,
    clipped_logit,
    mean_over_repeats,
    ratio,
    round_risks,
)

__all__ = [
    "compute_cv_metrics",
    "compute_metric_rows",
    "compute_metric_stack",
    "count_constant_folds",
]

_STACK_STEP = 1e-5  # a rerun's calibration is one of hundreds: its error is the square of this
_CHUNK = 100_000  # models x weights x patients that one step holds at a time


def compute_metric_stack(
    y: FloatArray, p: FloatArray, weights: FloatArray, *, n_calibrated: int | None = None
) -> dict[str, FloatArray]:
    """Return every metric of each model under each of its weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1; no patient whose outcome is unknown.
    p : ndarray, shape (n_models, n)
        Risks, 0 to 1.
    weights : ndarray, shape (n_models, n_weights, n)
        Non-negative: repetition counts of a resample, 1 and 0 for a part of the patients, either
        times inverse-probability weights.
    n_calibrated : int, optional
        Calibration models, which take the longest, are fitted under that many of a model's first
        weights only, and are NaN under the others.

    Returns
    -------
    dict of str to ndarray, shape (n_models, n_weights)
        NaN where the patients cannot bear a metric. `auc`, see
        :func:`training.measures.discrimination.compute_auc`; `brier`, the mean squared distance
        between risk and outcome (0 best, 1 worst); `scaled_brier`, 1 - Brier / Brier of the
        prevalence in the same patients (0 no better than telling everyone the prevalence, 1
        perfect, below 0 harmful); `log_loss`, the mean negative log-likelihood in nats (0 best;
        risks are clipped to 1e-12 from 0 and 1, so that a risk of exactly 0 that fails costs 27.6
        in place of infinity); `calibration_in_the_large`, `calibration_intercept`,
        `calibration_slope`, see :mod:`training.measures.recalibration`; `o_e`,
        observed over expected number of events (1 ideal, above 1 the risks are too low).

    References
    ----------
    Steyerberg 2010, doi:10.1097/EDE.0b013e3181c30fb2.
    """
    size = max(1, _CHUNK // max(1, weights[:1].size))
    parts = [
        _compute(
            y, p[start : start + size], weights[start : start + size], n_calibrated, _STACK_STEP
        )
        for start in range(0, max(len(p), 1), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def compute_metric_rows(y: FloatArray, p: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return every metric of one set of risks, for each row of patients' weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
    p : ndarray, shape (n,)
    weights : ndarray, shape (n_rows, n)

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        As :func:`compute_metric_stack`.
    """
    found = _compute(y, p[None], weights[None], None, SMALL_STEP)
    return {name: values[0] for name, values in found.items()}


def compute_cv_metrics(
    y: FloatArray,
    p: FloatArray,
    folds: IntArray,
    weights: FloatArray,
    *,
    base: FloatArray | None = None,
    slopes: bool = True,
) -> dict[str, FloatArray]:
    """Return the metrics of out-of-fold risks, averaged over repeats, for each row of weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
    p, base : ndarray, shape (n_repeats, n)
        Risks, and the training prevalence; without `base` the skill against it is left out.
    folds : ndarray of int, shape (n_repeats, n)
        The fold that held each patient out: only patients of one fold are ranked against each
        other.
    weights : ndarray, shape (n_rows, n)
    slopes : bool
        False leaves out what has to be fitted: it is NaN.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        As :func:`compute_metric_stack`, with `brier_skill`, against `base`, in place of
        `scaled_brier`. No slope and intercept in a repeat each of whose folds has constant risks.
    """
    total, events, stack = weights.sum(axis=1), weights @ y, weights[None]
    by_repeat = []
    for risk, fold in zip(p, folds, strict=True):
        ties = round_risks(risk)
        pairs = np.zeros((2, len(weights)))
        for number in np.unique(fold):
            here = fold == number
            pairs += np.concatenate(count_pairs(y[here], ties[None, here], stack[..., here]))
        fitted = np.full((3, len(weights)), np.nan)
        if slopes:
            lp = clipped_logit(risk)[None]
            fitted[0] = fit_in_the_large(y, lp, stack)[0]
            constant, judged = count_constant_folds(risk, fold)
            if not constant == judged > 0:
                fitted[1:] = np.concatenate(fit_recalibration(y, lp, stack))
        by_repeat.append(np.stack([ratio(*pairs), *fitted, ratio(events, weights @ risk)]))
    auc, in_the_large, intercept, slope, o_e = mean_over_repeats(np.stack(by_repeat))
    brier = ratio(weights @ ((y - p) ** 2).mean(axis=0), total)
    found = {"auc": auc, "brier": brier}
    if base is not None:
        of_base = ratio(weights @ ((y - base) ** 2).mean(axis=0), total)
        found["brier_skill"] = 1 - ratio(brier, of_base)
    return found | {
        "log_loss": ratio(weights @ _log_losses(y, p).mean(axis=0), total),
        "calibration_in_the_large": in_the_large,
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "o_e": o_e,
    }


def count_constant_folds(p: FloatArray, folds: IntArray) -> tuple[int, int]:
    """Return how many folds of two or more patients give all of them one risk, of how many."""
    parts = [round_risks(p[folds == number]) for number in np.unique(folds)]
    judged = [float(np.ptp(part)) for part in parts if len(part) > 1]
    return judged.count(0.0), len(judged)


def _compute(
    y: FloatArray, p: FloatArray, weights: FloatArray, n_calibrated: int | None, step: float
) -> dict[str, FloatArray]:
    total = weights.sum(axis=2)
    events = weights @ y
    prevalence = ratio(events, total)
    brier = ratio(_sum(weights, (y - p) ** 2), total)
    lp = clipped_logit(p)
    in_the_large, intercept, slope = np.full((3, *total.shape), np.nan)
    judged = (slice(None), slice(n_calibrated))
    in_the_large[judged] = fit_in_the_large(y, lp, weights[judged], small_step=step)
    intercept[judged], slope[judged] = fit_recalibration(y, lp, weights[judged], small_step=step)
    return {
        "auc": ratio(*count_pairs(y, round_risks(p), weights)),
        "brier": brier,
        "scaled_brier": 1 - ratio(brier, prevalence * (1 - prevalence)),
        "log_loss": ratio(_sum(weights, _log_losses(y, p)), total),
        "calibration_in_the_large": in_the_large,
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "o_e": ratio(events, _sum(weights, p)),
    }


def _log_losses(y: FloatArray, p: FloatArray) -> FloatArray:
    clipped = np.clip(p, RISK_CLIP, 1 - RISK_CLIP)
    return -np.log(np.where(y == 1, clipped, 1 - clipped))


def _sum(weights: FloatArray, values: FloatArray) -> FloatArray:
    """Return the weighted sums of (n_models, n) values."""
    return np.asarray((weights @ values[:, :, None])[:, :, 0])
