"""How much of a model's performance in its own patients will be lost in the next ones.

The whole procedure is rerun on bootstrap samples of the patients
(:func:`training.fitting.bootstrap.predict_from_bootstraps`). A rerun's model does better in the
patients of its own sample than in the original ones; the mean of that gap, the optimism, is what
the apparent performance has to give up (Harrell). The .632+ rule weighs the apparent performance
against that in the patients whom each sample left out.

Intervals of corrected values. The corrected value minus and plus 1.96 standard deviations of the
gap over the reruns, taken on a scale without borders (logit of the AUC, logarithm of Brier score,
log loss and O:E, log(1 - scaled Brier); slope and intercepts as they are). The gap is the
bootstrap's copy of the error at stake: what the data at hand say of a model less what is true of
it elsewhere. It carries the sampling of patients and the refitting. Shifting the interval of the
apparent value (Noma 2021) is not used: the apparent slope of a maximum-likelihood model is always
1, so that its interval has no width.

References
----------
Harrell 1996, doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4; Efron and
Tibshirani 1997, doi:10.1080/01621459.1997.10474007; Iba 2021, doi:10.1186/s12874-020-01201-w;
Noma 2021, doi:10.1002/sim.9148.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student

from features.arrays import FloatArray, IntArray
from training.measures.metrics import compute_metric_rows, compute_metric_stack
from training.measures.weighted import RISK_CLIP, check_evaluation, round_risks

__all__ = ["compute_optimism"]

OPTIMISM_INTERVAL = (
    "95%, from the spread of the optimism over bootstrap reruns of the whole procedure; "
    "the variance of refitting is in it"
)
"""What the intervals of :func:`compute_optimism` are: print it beside them."""

_Z95 = float(norm.ppf(0.975))
_NEED_SPREAD = ("auc", "calibration_intercept", "calibration_slope")
_MOST_NOISE = 0.2
"""Monte Carlo error (95%, half-width) up to which a slope or an intercept is corrected."""


class _Scale(NamedTuple):
    to: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]


_PLAIN = _Scale(lambda value: value, lambda value: value)
_LOG = _Scale(np.log, np.exp)
_SCALES: Mapping[str, _Scale] = MappingProxyType(
    {
        "auc": _Scale(logit, expit),
        "brier": _LOG,
        "scaled_brier": _Scale(lambda v: -np.log(1 - v), lambda v: 1 - np.exp(-v)),
        "log_loss": _LOG,
        "o_e": _LOG,
    }
)


def compute_optimism(
    y: ArrayLike,
    served: ArrayLike,
    predictions: FloatArray,
    counts: IntArray,
    *,
    sample_weight: ArrayLike | None = None,
    n_resamples: int | None = None,
) -> pd.DataFrame:
    """Correct a model's apparent performance for optimism.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 event, 0 none, NaN unknown (left out here; what the procedure did with it is its own).
    served : array_like, shape (n,)
        Risks by the model that was made from all patients.
    predictions : ndarray, shape (n_succeeded, n)
        Risks of all patients by the model of each bootstrap sample.
    counts : ndarray of int, shape (n_succeeded, n)
        How often each patient stands in each sample.
    sample_weight : array_like, shape (n,), optional
        For example inverse probabilities of being seen, kept fixed.
    n_resamples : int, optional
        Samples drawn, those that gave no model included.

    Returns
    -------
    DataFrame
        Indexed by `metric` (those of :func:`training.measures.metrics.compute_metric_rows`).
        Columns: `apparent`, in the model's own patients; `optimism`, how much better reruns look in
        their own sample than in the original patients (negative for scores of which less is
        better); `corrected` = apparent - optimism; `low`, `high`, its 95% interval; `left_out`, the
        mean in the patients each sample left out (NaN for calibration models); `corrected_632`, by
        the .632+ rule (NaN for calibration intercepts, slope and O:E, which have no value without
        information); `n_succeeded` of `n_resamples`, the reruns that gave the metric; `note`. A
        metric that fewer than half of the samples gave is NaN. So are slope and intercept where the
        mean gap of these reruns is not known to within 0.2 (95%, Monte Carlo): a rerun that hardly
        tells patients apart has a slope of 5 or 50, and a few of them decide the mean. Where the
        model itself has one risk for everyone its AUC is 0.5, whatever the reruns do.
    """
    outcome, risk, weight = check_evaluation(y, served, sample_weight)
    known = ~np.isnan(np.asarray(y, dtype=np.float64))
    total = len(predictions) if n_resamples is None else n_resamples
    apparent = compute_metric_rows(outcome, risk, weight[None, :])
    drawn = counts[:, known]
    rows = np.stack([drawn, np.ones_like(drawn), drawn == 0], axis=1) * weight
    reruns = compute_metric_stack(outcome, predictions[:, known], rows, n_calibrated=2)
    nothing_known = _compute_without_information(outcome, risk, weight)
    constant = int((np.ptp(round_risks(predictions[:, known]), axis=1) == 0).sum())
    notes = [f"one risk for everyone in {constant} of {total} reruns"] if constant else []
    flat = bool(np.ptp(round_risks(risk)) == 0)
    if flat:
        notes.insert(0, "the model itself has one risk for everyone")
    rows_out = []
    for metric, found in apparent.items():
        row = _correct(metric, float(found[0]), reruns[metric], total, margin=0.5 / len(outcome))
        row["corrected_632"] = _correct_632(
            float(found[0]), float(row["left_out"]), nothing_known.get(metric, np.nan)
        )
        if metric == "auc" and flat and np.isfinite(found[0]):
            row |= {"optimism": 0.0} | dict.fromkeys(("corrected", "low", "high"), 0.5)
            row["corrected_632"] = 0.5
        if metric in _NEED_SPREAD:
            row["note"] = "; ".join(part for part in (str(row["note"]), *notes) if part)
        rows_out.append({"metric": metric, **row})
    columns = "apparent optimism corrected low high left_out corrected_632 n_succeeded n_resamples"
    table = pd.DataFrame(rows_out, columns=["metric", *columns.split(), "note"]).set_index("metric")
    table.attrs["interval"] = OPTIMISM_INTERVAL
    return table


def _correct(
    metric: str, apparent: float, draws: FloatArray, total: int, *, margin: float
) -> dict[str, float | str]:
    """Return one row of the table from (n_reruns, 3) values: own sample, original, left out."""
    usable = np.isfinite(draws[:, :2]).all(axis=1)
    row: dict[str, float | str] = dict.fromkeys(
        ("optimism", "corrected", "low", "high", "left_out"), np.nan
    )
    row |= {"apparent": apparent, "n_succeeded": int(usable.sum()), "n_resamples": total}
    row |= {"note": ""}
    if not np.isfinite(apparent):
        return row | {"note": "not estimable"}
    if 2 * usable.sum() < total or usable.sum() < 2:
        return row | {"note": "fewer than half of the reruns gave it: not corrected"}
    own, original = draws[usable, 0], draws[usable, 1]
    noise = _compute_noise(own - original)
    if metric in ("calibration_intercept", "calibration_slope") and noise > _MOST_NOISE:
        reason = f"these reruns give the optimism only to within {noise:.2g}"
        return row | {"note": f"{reason}: not corrected"}
    corrected = apparent - float(np.mean(own - original))
    scale = _SCALES.get(metric, _PLAIN)

    def to(value: FloatArray | float) -> FloatArray:
        if metric == "auc":
            value = np.clip(value, margin, 1 - margin)
        elif metric == "scaled_brier":
            value = np.minimum(value, 1 - margin)
        elif metric in _SCALES:
            value = np.maximum(value, margin)
        return scale.to(np.asarray(value, dtype=np.float64))

    half = _Z95 * float(np.std(to(own) - to(original), ddof=1))
    left_out = draws[np.isfinite(draws[:, 2]), 2]
    return row | {
        "optimism": apparent - corrected,
        "corrected": corrected,
        "low": float(scale.back(to(corrected) - half)),
        "high": float(scale.back(to(corrected) + half)),
        "left_out": float(left_out.mean()) if len(left_out) else np.nan,
    }


def _compute_noise(gaps: FloatArray) -> float:
    """Return the half-width of the 95% interval of a mean over reruns, were there ever more."""
    count = len(gaps)
    return float(student.ppf(0.975, count - 1) * np.std(gaps, ddof=1) / np.sqrt(count))


def _compute_without_information(
    y: FloatArray, p: FloatArray, weight: FloatArray
) -> dict[str, float]:
    """Return what each metric would be if risks and outcomes had nothing to do with each other."""
    share, mean = (float(np.average(values, weights=weight)) for values in (y, p))
    clipped = np.clip(p, RISK_CLIP, 1 - RISK_CLIP)
    brier = share * (1 - 2 * mean) + float(np.average(p**2, weights=weight))
    log_loss = -share * np.average(np.log(clipped), weights=weight) - (1 - share) * np.average(
        np.log1p(-clipped), weights=weight
    )
    spread = share * (1 - share)
    return {
        "auc": 0.5,
        "brier": brier,
        "log_loss": float(log_loss),
        "scaled_brier": 1 - brier / spread if spread > 0 else np.nan,
    }


def _correct_632(apparent: float, left_out: float, nothing: float) -> float:
    """Return the .632+ estimate; `nothing` is the value without information."""
    way = apparent - nothing  # above 0 where more is better
    if not np.isfinite(way + left_out):
        return np.nan
    # Left-out patients cannot be worse off than without any information but by chance.
    left_out = max(left_out, nothing) if way > 0 else min(left_out, nothing)
    overfit = (apparent - left_out) / way if way and (apparent - left_out) * way > 0 else 0.0
    weight = 0.632 / (1 - 0.368 * overfit)
    return (1 - weight) * apparent + weight * left_out
