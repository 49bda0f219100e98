"""What is told of risks in patients whom their model had not seen, whoever made the model.

Arrays in, tables out; none has a row for a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray
from training.measures.calibration_curve import CalibrationCurve, compute_calibration_curve
from training.measures.calibration_groups import compute_calibration_groups
from training.measures.decision_curve import Decisions, compute_threshold_table, describe_decisions
from training.measures.missing_outcome import compute_metric_bounds
from training.measures.risk_histogram import compute_risk_histogram

__all__ = ["HeldOut", "describe_held_out"]

_ROC_POINTS = 101


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldOut:
    """Risks of one horizon in patients whom their model had not seen. No table holds a patient.

    Parameters
    ----------
    performance : DataFrame
        :func:`training.measures.performance.compute_cv_performance`, or of a frozen model
        :func:`training.measures.performance.compute_performance`.
    calibration : CalibrationCurve
        Flexible curve with band, and its distances from the ideal.
    groups, risks, roc : DataFrame
        Observed shares in groups of risk, the distribution of the risks, and sensitivity and
        specificity at every hundredth.
    bounds : DataFrame
        :func:`training.measures.missing_outcome.compute_metric_bounds`.
    decisions : Decisions or None
        None where no range of thresholds was set.
    """

    performance: pd.DataFrame
    calibration: CalibrationCurve
    groups: pd.DataFrame
    risks: pd.DataFrame
    roc: pd.DataFrame
    bounds: pd.DataFrame
    decisions: Decisions | None


def describe_held_out(
    y: FloatArray,
    held_out: FloatArray,
    folds: IntArray,
    base: FloatArray,
    *,
    thresholds: tuple[float, float] | None,
    resampled: dict[str, Any],
) -> dict[str, Any]:
    """Return all of a :class:`HeldOut` but its performance.

    Parameters
    ----------
    y : ndarray of shape (n,)
        1 event, 0 none, NaN unknown.
    held_out, folds, base : ndarray of shape (n_repeats, n)
        Risks, the fold that held each patient out, and the prevalence that its model learnt from.
    thresholds : (float, float) or None
        Range of decision thresholds, set beforehand.
    resampled : dict
        `sample_weight`, `n_bootstrap` and `seed` of the measures.
    """
    weighted = {"sample_weight": resampled["sample_weight"]}
    decisions = None
    if thresholds is not None:
        decisions = describe_decisions(y, held_out, thresholds, **resampled)
    hundredths = np.linspace(0, 1, _ROC_POINTS).tolist()
    return {
        "calibration": compute_calibration_curve(y, held_out, **resampled),
        "groups": compute_calibration_groups(y, held_out),
        "risks": compute_risk_histogram(y, held_out.mean(axis=0)),
        "roc": compute_threshold_table(y, held_out, hundredths, **weighted),
        "bounds": compute_metric_bounds(y, held_out, folds, base),
        "decisions": decisions,
    }
