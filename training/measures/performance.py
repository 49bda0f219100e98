"""How well predicted risks separate and match the outcome: the tables, with intervals.

Of a frozen model in other patients, and of a procedure in repeated cross-validation. A patient
whose outcome is unknown (NaN) is left out of every number here. Repetition counts as
`sample_weight` give what repeated rows would.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.arrays import FloatArray, IntArray
from training.measures.discrimination import compute_auc_delong
from training.measures.metrics import compute_cv_metrics, compute_metric_rows, count_constant_folds
from training.measures.weighted import (
    RISK_CLIP,
    bootstrap_weights,
    check_evaluation,
    percentile_interval,
    round_risks,
)

__all__ = ["FROZEN_INTERVAL", "compute_cv_draws", "compute_cv_performance", "compute_performance"]

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

    metrics = partial(compute_metric_rows, outcome, risk)
    draws = _draw(metrics, weight, n_bootstrap=n_bootstrap, seed=seed)
    table = _summarise(draws, outcome, rows, folds, weight)
    delong = table.loc[["auc"]].rename(index={"auc": "auc_delong"})
    delong[["low", "high", "n_failed"]] = np.nan, np.nan, 0
    if np.ptp(weight) > 0:
        delong["note"] = "DeLong's variance takes no weights"
    else:
        delong["low"], delong["high"] = compute_auc_delong(outcome, round_risks(risk))[1:3]
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
    metrics = partial(compute_cv_metrics, outcome, rows, fold, base=base, slopes=slopes)
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
    folds_of = [count_constant_folds(risk, fold) for risk, fold in zip(rows, folds, strict=True)]
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
