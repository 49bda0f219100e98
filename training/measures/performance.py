"""How well predicted risks separate and match the outcome, with intervals.

Arrays in, numbers and documented tables out. `calibration_in_the_large` and
`calibration_intercept` are the two definitions of the calibration intercept that
:mod:`training.measures.calibration_curve` tells apart.

A patient whose outcome is unknown (NaN) is left out of every number here. Repetition counts as
`sample_weight` give what repeated rows would; so do scores, but not the analytic intervals of
:func:`compute_threshold_table`, which use the effective sample size of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import xlogy
from scipy.stats import norm, rankdata

from features.arrays import FloatArray, IntArray
from features.shares import compute_wilson_interval
from training.measures.calibration_curve import fit_in_the_large_rows, fit_recalibration_rows
from training.measures.weighted import (
    RISK_CLIP,
    bootstrap_weights,
    check_evaluation,
    clipped_logit,
    mean_over_repeats,
    percentile_interval,
    ratio,
    round_risks,
)

__all__ = [
    "CV_INTERVAL",
    "FROZEN_INTERVAL",
    "compute_auc",
    "compute_auc_delong",
    "compute_brier",
    "compute_cv_draws",
    "compute_cv_performance",
    "compute_log_loss",
    "compute_metric_rows",
    "compute_performance",
    "compute_scaled_brier",
    "compute_threshold_table",
]

CV_INTERVAL = (
    "95% patient bootstrap of fixed out-of-fold predictions; "
    "the variance of refitting the model is not in it"
)
"""What the intervals of :func:`compute_cv_performance` are: print it beside them."""

FROZEN_INTERVAL = "95% patient bootstrap of a frozen model's predictions (auc_delong: DeLong)"
"""What the intervals of :func:`compute_performance` are."""

_ON_LOG_ODDS = (
    "log_loss",
    "calibration_in_the_large",
    "calibration_intercept",
    "calibration_slope",
)
_CHUNK = 2_000_000  # patients x resamples that one step holds at a time


# ------------------------------------------------------------------------- single numbers


def compute_auc(y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the probability that a patient with the event scores above one without it.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,)
        Any score; equal scores count one half.
    sample_weight : array_like, shape (n,), optional
        A pair weighs the product of its two patients' weights.

    Returns
    -------
    float
        0.5 is no discrimination, 1 perfect; NaN when one class is absent.
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight, risks=False)
    concordant, pairs = _concordance(outcome, risk, weight[None, :])
    return float(ratio(concordant, pairs)[0])


def compute_auc_delong(y: ArrayLike, p: ArrayLike) -> tuple[float, float, float, float]:
    """Return the AUC with DeLong's variance and 95% interval.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,)
        Any score.

    Returns
    -------
    auc, low, high, variance : float
        Normal interval, cut off at 0 and 1. It needs two patients of either class, and is NaN at
        an AUC of exactly 0 or 1, where the variance is estimated as 0 and would read as certainty.

    References
    ----------
    DeLong 1988, doi:10.2307/2531595; computed by mid-ranks, Sun 2014, doi:10.1109/LSP.2014.2337313.
    """
    outcome, risk, _ = check_evaluation(y, p, risks=False)
    cases, controls = risk[outcome == 1], risk[outcome == 0]
    m, n = len(cases), len(controls)
    if m == 0 or n == 0:
        return np.nan, np.nan, np.nan, np.nan
    ranks = rankdata(np.concatenate([cases, controls]))
    of_cases = (ranks[:m] - rankdata(cases)) / n
    of_controls = 1 - (ranks[m:] - rankdata(controls)) / m
    auc = float(of_cases.mean())
    if m < 2 or n < 2:
        return auc, np.nan, np.nan, np.nan
    variance = float(of_cases.var(ddof=1) / m + of_controls.var(ddof=1) / n)
    if auc in (0.0, 1.0):
        return auc, np.nan, np.nan, variance
    half = float(norm.ppf(0.975)) * np.sqrt(variance)
    return auc, float(max(auc - half, 0.0)), float(min(auc + half, 1.0)), variance


def compute_brier(y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the mean squared distance between risk and outcome (0 best, 1 worst).

    Parameters
    ----------
    y, p, sample_weight
        As in :func:`compute_auc`; `p` are risks in [0, 1].
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight)
    return float(np.average((outcome - risk) ** 2, weights=weight))


def compute_scaled_brier(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Return 1 - Brier / Brier of the prevalence in the same patients.

    Parameters
    ----------
    y, p, sample_weight
        As in :func:`compute_brier`.

    Returns
    -------
    float
        0 is no better than telling everyone the prevalence, 1 perfect, below 0 harmful; NaN when
        one class is absent.
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight)
    prevalence = np.average(outcome, weights=weight)
    brier = np.average((outcome - risk) ** 2, weights=weight)
    return float(1 - ratio(np.array([brier]), np.array([prevalence * (1 - prevalence)]))[0])


def compute_log_loss(
    y: ArrayLike, p: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Return the mean negative log-likelihood, in nats (0 best).

    Parameters
    ----------
    y, p, sample_weight
        As in :func:`compute_brier`. Risks are clipped to [1e-12, 1 - 1e-12]: a risk of exactly 0
        that fails costs 27.6 in place of infinity.
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight)
    return float(np.average(_log_losses(outcome, risk), weights=weight))


# ------------------------------------------------------------------------- tables


def compute_metric_rows(y: FloatArray, p: FloatArray, weights: FloatArray) -> dict[str, FloatArray]:
    """Return every metric of one set of risks, for each row of patients' weights.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 or 1; no patient whose outcome is unknown.
    p : ndarray, shape (n,)
        Risks, 0 to 1.
    weights : ndarray, shape (n_rows, n)
        Non-negative: repetition counts of a resample, 1 and 0 for a part of the patients, either
        times inverse-probability weights.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        auc, brier, scaled_brier, log_loss, calibration_in_the_large, calibration_intercept,
        calibration_slope, o_e, as in :func:`compute_performance`; NaN where a row cannot bear one.
    """
    prevalence = ratio(weights @ y, weights.sum(axis=1))
    reference = {"scaled_brier": prevalence * (1 - prevalence)}
    one_fold = np.zeros((1, len(y)), dtype=np.int64)
    return _metrics(y, p[None, :], one_fold, weights, reference)


def compute_performance(
    y: ArrayLike,
    p: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    n_bootstrap: int = 500,
    seed: int | np.random.Generator,
) -> pd.DataFrame:
    """Judge the risks of a frozen model in other patients than it was made from.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,)
        Predicted risks, 0 to 1.
    sample_weight : array_like, shape (n,), optional
        For example inverse probabilities of being seen; kept fixed in the bootstrap.
    n_bootstrap : int
        Resamples of patients.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Indexed by `metric`: auc, auc_delong (the same estimate with DeLong's interval; NaN with
        unequal weights), brier, scaled_brier, log_loss, calibration_in_the_large,
        calibration_intercept, calibration_slope, o_e. Columns: `estimate`; `low`, `high`, the 95%
        interval; `n_failed`, resamples in which the metric could not be computed; `note`, why a
        number is missing or to be read with care, else empty. ``attrs["interval"]`` is
        :data:`FROZEN_INTERVAL`.
    """
    outcome, risk, weight = check_evaluation(y, p, sample_weight)
    rows = risk[None, :]
    folds = np.zeros(rows.shape, dtype=np.int64)

    def metrics(weights: FloatArray) -> dict[str, FloatArray]:
        return compute_metric_rows(outcome, risk, weights)

    draws = _draw(metrics, weight, n_bootstrap=n_bootstrap, seed=seed)
    table = _summarise(draws, outcome, rows, folds, weight)
    delong = table.loc[["auc"]].rename(index={"auc": "auc_delong"})
    delong[["low", "high", "n_failed"]] = np.nan, np.nan, 0
    if np.ptp(weight) > 0:
        delong["note"] = "DeLong's variance takes no weights"
    else:
        delong["low"], delong["high"] = compute_auc_delong(outcome, risk)[1:3]
        if delong["low"].isna().all() and delong["estimate"].notna().all():
            delong["note"] = "no interval: a perfect ranking, or one patient of a class"
    table = pd.concat([table.loc[["auc"]], delong, table.drop(index="auc")])
    table.index.name = "metric"
    table.attrs["interval"] = FROZEN_INTERVAL
    return table


def compute_cv_draws(
    y: ArrayLike,
    predictions: ArrayLike,
    folds: ArrayLike,
    *,
    base_predictions: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    n_bootstrap: int = 500,
    seed: int | np.random.Generator,
    slopes: bool = True,
) -> pd.DataFrame:
    """Return every resample's metrics of a repeated cross-validation.

    Two models judged on the same patients with the same seed share their resamples: the
    difference of their tables is a paired bootstrap of the difference.

    Parameters
    ----------
    y, predictions, folds, base_predictions, sample_weight, n_bootstrap, seed
        As in :func:`compute_cv_performance`.
    slopes : bool
        False leaves out what has to be fitted in each resample, which takes most of the time: the
        calibration slope and both intercepts are NaN.

    Returns
    -------
    DataFrame
        One column per metric. Row 0 is the estimate, rows 1 to `n_bootstrap` are the resamples;
        NaN where a metric could not be computed. No row belongs to a patient.
    """
    outcome, rows, fold, weight = _check_cv(y, predictions, folds, sample_weight)
    base = None
    if base_predictions is not None:
        _, base, _ = check_evaluation(y, base_predictions, sample_weight, repeats=True)
        if base.shape != rows.shape:
            raise ValueError(f"base_predictions has {len(base)} repeats, predictions {len(rows)}")

    def metrics(weights: FloatArray) -> dict[str, FloatArray]:
        reference = {}
        if base is not None:
            reference["brier_skill"] = _mean(weights, (outcome - base) ** 2)
        return _metrics(outcome, rows, fold, weights, reference, slopes=slopes)

    return _draw(metrics, weight, n_bootstrap=n_bootstrap, seed=seed)


def compute_cv_performance(
    y: ArrayLike,
    predictions: ArrayLike,
    folds: ArrayLike,
    *,
    base_predictions: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    n_bootstrap: int = 500,
    seed: int | np.random.Generator,
) -> pd.DataFrame:
    """Judge a procedure by its out-of-fold risks in repeated cross-validation.

    The AUC compares patients of the same fold only: across folds the risks come from different
    models, and a fold with many events leaves fewer to the others, which turns pooled (above all
    leave-one-out) rankings round. Folds are joined by their numbers of pairs, not by a plain
    mean: the result is the share of concordant pairs among all pairs within folds, in which a
    fold with a single event counts for little and one without any, as happens in resamples, for
    nothing. Calibration is computed from all patients of a repeat, because models fitted to one
    fold's few patients give slopes without sense. Repeats are then averaged.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    predictions : array_like, shape (n_repeats, n)
        Out-of-fold risks, 0 to 1; anything where the outcome is unknown.
    folds : array_like of int, shape (n_repeats, n)
        The fold that held each patient out.
    base_predictions : array_like, shape (n_repeats, n), optional
        Prevalence in the training part of each fold; without it `brier_skill` is left out.
    sample_weight : array_like, shape (n,), optional
        For example inverse probabilities of being seen; kept fixed in the bootstrap.
    n_bootstrap : int
        Resamples of patients, on the same out-of-fold risks: the intervals lack the variance of
        refitting the model, and are too narrow by that.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Indexed by `metric`: auc, brier, brier_skill (1 - Brier / Brier of the training
        prevalence: 0 no better than the prevalence, below 0 worse), log_loss,
        calibration_in_the_large, calibration_intercept, calibration_slope, o_e. Columns:
        `estimate`; `low`, `high`, the 95% interval; `n_failed`, resamples in which the metric
        could not be computed; `note`, why a number is missing or to be read with care, else
        empty. ``attrs["interval"]`` is :data:`CV_INTERVAL`. A constant predictor has AUC 0.5 and
        no slope, and its note says so.
    """
    outcome, rows, fold, weight = _check_cv(y, predictions, folds, sample_weight)
    draws = compute_cv_draws(
        y,
        predictions,
        folds,
        base_predictions=base_predictions,
        sample_weight=sample_weight,
        n_bootstrap=n_bootstrap,
        seed=seed,
    )
    table = _summarise(draws, outcome, rows, fold, weight)
    table.attrs["interval"] = CV_INTERVAL
    return table


def compute_threshold_table(
    y: ArrayLike,
    p: ArrayLike,
    thresholds: Sequence[float],
    *,
    sample_weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return how well "risk at or above the threshold" tells who has the event.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown.
    p : array_like, shape (n,) or (n_repeats, n)
        Risks; shares are averaged over the repeats of a cross-validation.
    thresholds : sequence of float
        In [0, 1].
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    DataFrame
        One row per `threshold`: `share_positive`; `sensitivity`, `specificity`, `ppv`, `npv` (the
        predictive values at this cohort's prevalence), each with `_low` and `_high`, Wilson's 95%
        interval at the effective number of patients, (sum w)^2 / sum w^2. NaN where a share has
        no patients below the line.
    """
    outcome, rows, weight = check_evaluation(y, p, sample_weight, repeats=True)
    cuts = np.asarray(thresholds, dtype=np.float64)
    if not ((cuts >= 0) & (cuts <= 1)).all():
        raise ValueError("thresholds must lie in [0, 1]")
    positive = np.stack([(round_risks(rows) >= cut).mean(axis=0) for cut in round_risks(cuts)])
    everyone = np.ones_like(positive)
    table = pd.DataFrame({"threshold": cuts})
    table["share_positive"] = positive @ weight / weight.sum()
    for name, right, among in (
        ("sensitivity", positive, everyone * outcome),
        ("specificity", 1 - positive, everyone * (1 - outcome)),
        ("ppv", everyone * outcome, positive),
        ("npv", everyone * (1 - outcome), 1 - positive),
    ):
        total = among @ weight
        effective = ratio(total**2, among @ weight**2)
        share = ratio((right * among) @ weight, total)
        table[name] = share
        low, high = compute_wilson_interval(share * effective, effective)
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    return table


# ------------------------------------------------------------------------- the arithmetic


def _log_losses(y: FloatArray, p: FloatArray) -> FloatArray:
    clipped = np.clip(p, RISK_CLIP, 1 - RISK_CLIP)
    return np.asarray(-xlogy(y, clipped) - xlogy(1 - y, 1 - clipped), dtype=np.float64)


def _concordance(
    y: FloatArray, p: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return concordant (ties one half) and all pairs for each row of weights."""
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=-np.inf))
    ordered, event = weights[:, order], y[order]
    cases = np.add.reduceat(ordered * event, starts, axis=1)
    controls = np.add.reduceat(ordered * (1 - event), starts, axis=1)
    beaten = np.cumsum(controls, axis=1) - controls / 2
    return (cases * beaten).sum(axis=1), cases.sum(axis=1) * controls.sum(axis=1)


def _mean(weights: FloatArray, losses: FloatArray) -> FloatArray:
    """Return the weighted mean of (n_repeats, n) losses for each row of weights."""
    return ratio(weights @ losses.mean(axis=0), weights.sum(axis=1))


def _metrics(
    y: FloatArray,
    rows: FloatArray,
    folds: IntArray,
    weights: FloatArray,
    reference: dict[str, FloatArray],
    *,
    slopes: bool = True,
) -> dict[str, FloatArray]:
    """Return the metrics of (n_repeats, n) risks for each row of weights.

    `reference` holds the Brier scores of a comparison, under the name of the skill against it.
    """
    auc, calibration = [], []
    for risk, fold in zip(rows, folds, strict=True):
        parts = [fold == number for number in np.unique(fold)]
        ties = round_risks(risk)
        pairs = np.sum([_concordance(y[i], ties[i], weights[:, i]) for i in parts], axis=0)
        auc.append(ratio(pairs[0], pairs[1]))
        fitted = np.full((len(weights), 3), np.nan)
        if slopes:
            lp = clipped_logit(risk)
            fitted[:, 0] = fit_in_the_large_rows(y, lp, weights)
            constant, judged = _constant_folds(risk, fold)
            if not constant == judged > 0:
                fitted[:, 1:] = fit_recalibration_rows(y, lp, weights)
        calibration.append(np.column_stack([fitted, ratio(weights @ y, weights @ risk)]))
    in_the_large, intercept, slope, o_e = mean_over_repeats(np.stack(calibration)).T
    brier = _mean(weights, (y - rows) ** 2)
    return {
        "auc": mean_over_repeats(np.stack(auc)),
        "brier": brier,
        **{name: 1 - ratio(brier, other) for name, other in reference.items()},
        "log_loss": _mean(weights, _log_losses(y, rows)),
        "calibration_in_the_large": in_the_large,
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "o_e": o_e,
    }


def _constant_folds(risk: FloatArray, fold: IntArray) -> tuple[int, int]:
    """Return how many folds of two or more patients give all of them one risk, of how many."""
    parts = [round_risks(risk[fold == number]) for number in np.unique(fold)]
    judged = [float(np.ptp(part)) for part in parts if len(part) > 1]
    return judged.count(0.0), len(judged)


def _draw(
    metrics: Callable[[FloatArray], dict[str, FloatArray]],
    sample_weight: FloatArray,
    *,
    n_bootstrap: int,
    seed: int | np.random.Generator,
) -> pd.DataFrame:
    weights = bootstrap_weights(sample_weight, n_bootstrap=n_bootstrap, seed=seed)
    size = max(1, _CHUNK // weights.shape[1])
    parts = [weights[start : start + size] for start in range(0, len(weights), size)]
    return pd.concat([pd.DataFrame(metrics(part)) for part in parts], ignore_index=True)


def _check_cv(
    y: ArrayLike, predictions: ArrayLike, folds: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    outcome, rows, weight = check_evaluation(y, predictions, sample_weight, repeats=True)
    fold = np.atleast_2d(np.asarray(folds))
    if fold.shape != np.atleast_2d(np.asarray(predictions)).shape:
        raise ValueError(f"folds has shape {fold.shape}, predictions {np.shape(predictions)}")
    known = ~np.isnan(np.asarray(y, dtype=np.float64))
    return outcome, rows, fold[:, known].astype(np.int64), weight


def _summarise(
    draws: pd.DataFrame, y: FloatArray, rows: FloatArray, folds: IntArray, weight: FloatArray
) -> pd.DataFrame:
    values = draws.to_numpy()
    low, high, n_failed = percentile_interval(values[1:])
    table = pd.DataFrame(
        {"estimate": values[0], "low": low, "high": high, "n_failed": n_failed},
        index=pd.Index(draws.columns, name="metric"),
    )
    folds_of = [_constant_folds(risk, fold) for risk, fold in zip(rows, folds, strict=True)]
    constant, judged = (int(count) for count in np.sum(folds_of, axis=0))
    one_class = len(np.unique(y[weight > 0])) < 2
    table["note"] = [
        _note(name, missing=missing, one_class=one_class, constant=constant, judged=judged)
        for name, missing in zip(draws.columns, np.isnan(values[0]), strict=True)
    ]
    if table.loc["auc", "estimate"] in (0.0, 1.0):  # so would every resample be
        table.loc["auc", ["low", "high"]] = np.nan
        table.loc["auc", "note"] = "no interval: a perfect ranking"
    certain = int(((rows < RISK_CLIP) | (rows > 1 - RISK_CLIP)).any(axis=0).sum())
    if certain:
        words = f"{certain} patients with a risk of 0 or 1, taken as {RISK_CLIP:g} from it"
        for name in _ON_LOG_ODDS:
            found = str(table.loc[name, "note"])
            table.loc[name, "note"] = f"{found}; {words}" if found else words
    return table


def _note(metric: str, *, missing: bool, one_class: bool, constant: int, judged: int) -> str:
    """Say why a metric is missing, or which of the folds had constant risks."""
    if missing and one_class:
        return "one class only: not estimable"
    flat = ""
    if constant and metric in ("auc", "calibration_intercept", "calibration_slope"):
        flat = "constant predictor"
        flat += f" in {constant} of {judged} folds" if constant < judged else ""
    if not missing:
        return flat
    reason = "no fold holds both classes" if metric == "auc" else "the risks separate the classes"
    return f"{flat or reason}: not estimable"
