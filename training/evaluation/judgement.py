"""What is told of one horizon: its held-out risks and its reruns, judged in every way.

Arrays in, tables out; none has a row for a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray, IntArray
from features.dictionary.variable import Variable
from training.evaluation.design import Design
from training.evaluation.missing_outcome import compute_metric_bounds, compute_seen_table
from training.fitting.bootstrap import Reruns
from training.fitting.cross_validation import OutOfFold
from training.measures.calibration_curve import CalibrationCurve, compute_calibration_curve
from training.measures.calibration_groups import compute_calibration_groups
from training.measures.decision_curve import (
    COARSE,
    FINE,
    compute_decision_curve,
    compute_threshold_table,
    make_thresholds,
)
from training.measures.instability import (
    compute_calibration_instability,
    compute_classification_instability,
    compute_instability,
    compute_prediction_instability,
)
from training.measures.optimism import compute_optimism
from training.measures.performance import compute_cv_performance
from training.measures.risk_histogram import compute_risk_histogram
from training.measures.subgroups import compute_subgroups, make_subgroups
from training.study.study import Patients

__all__ = [
    "Decisions",
    "HeldOut",
    "Instability",
    "Judgement",
    "compute_judgement",
    "describe_held_out",
]

_ROC_POINTS = 101
_SUBGROUP_RESAMPLES = 200
_DESCRIBED = ("age_years", "sex", "nrs_t0", "disease_duration_years")


@dataclass(frozen=True, eq=False)
class Decisions:
    """What acting on the risks would do, over the range of thresholds set beforehand.

    Parameters
    ----------
    thresholds : DataFrame
        :func:`training.measures.decision_curve.compute_threshold_table`, at every twentieth.
    curve : DataFrame
        :func:`training.measures.decision_curve.compute_decision_curve`, at every hundredth.
    """

    thresholds: pd.DataFrame
    curve: pd.DataFrame

    @property
    def least_gain(self) -> float:
        """The smallest gain in net benefit over the better of treating all and treating none."""
        best = np.maximum(self.curve["treat_all"], self.curve["treat_none"])
        return float((self.curve["net_benefit"] - best).min())


@dataclass(frozen=True, eq=False)
class Instability:
    """How far risks, decisions and calibration move when the procedure is rerun.

    Parameters
    ----------
    summary : dict of str to float
        :func:`training.measures.instability.compute_instability`.
    predictions, classification, calibration : DataFrame
        The three tables of :mod:`training.measures.instability`.
    curves : ndarray of shape (n_resamples, n_points)
        Calibration curves of the reruns, evenly spaced over risks from 0 to 1.
    """

    summary: dict[str, float]
    predictions: pd.DataFrame
    classification: pd.DataFrame
    calibration: pd.DataFrame
    curves: FloatArray


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
        :func:`training.evaluation.missing_outcome.compute_metric_bounds`.
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Judgement(HeldOut):
    """Everything that is told of one horizon of a procedure.

    Parameters
    ----------
    subgroups : DataFrame
        :func:`training.measures.subgroups.compute_subgroups`.
    seen : DataFrame or None
        Patients whose outcome is known beside the others; at T2 after T1, among responders at
        T1. None where there are too few of either.
    optimism : DataFrame or None
        :func:`training.measures.optimism.compute_optimism`; None without bootstrap reruns.
    instability : Instability or None
        None without bootstrap reruns.
    """

    subgroups: pd.DataFrame
    seen: pd.DataFrame | None
    optimism: pd.DataFrame | None
    instability: Instability | None


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
        table, curve = (make_thresholds(thresholds, step) for step in (COARSE, FINE))
        decisions = Decisions(
            compute_threshold_table(y, held_out, table, **weighted),
            compute_decision_curve(y, held_out, curve, **resampled),
        )
    hundredths = np.linspace(0, 1, _ROC_POINTS).tolist()
    return {
        "calibration": compute_calibration_curve(y, held_out, **resampled),
        "groups": compute_calibration_groups(y, held_out),
        "risks": compute_risk_histogram(y, held_out.mean(axis=0)),
        "roc": compute_threshold_table(y, held_out, hundredths, **weighted),
        "bounds": compute_metric_bounds(y, held_out, folds, base),
        "decisions": decisions,
    }


def compute_judgement(
    patients: Patients,
    design: Design,
    horizon: str,
    out: OutOfFold,
    served: FloatArray,
    reruns: Reruns,
    *,
    weights: FloatArray,
) -> Judgement:
    """Judge one horizon.

    Parameters
    ----------
    patients, design
        As :func:`training.evaluation.evaluation.assess` takes them.
    horizon : str
    out : OutOfFold
        Of the repeated cross-validation.
    served : ndarray of shape (n,)
        Risks by the model that was made from all patients.
    reruns : Reruns
        Of the whole procedure on bootstrap samples.
    weights : ndarray of shape (n,)
        Of each patient at this horizon.
    """
    y, held_out, base = patients.data.y[horizon], out.predictions[horizon], out.base[horizon]
    weighted: dict[str, Any] = {"sample_weight": weights}
    resampled = weighted | {"n_bootstrap": design.resampling.bootstrap, "seed": design.seed}
    few = resampled | {"n_bootstrap": min(design.resampling.bootstrap, _SUBGROUP_RESAMPLES)}
    parts = make_subgroups(patients.table, patients.cohort.dictionary, design.subgroups)
    optimism = instability = None
    if len(reruns.predictions) > 1:
        again = reruns.predictions[:, :, patients.data.horizons.index(horizon)]
        optimism = compute_optimism(
            y, served, again, reruns.counts, n_resamples=reruns.n_resamples, **weighted
        )
        instability = _describe_instability(y, served, again, weights, design.thresholds)
    return Judgement(
        performance=compute_cv_performance(
            y, held_out, out.folds, base_predictions=base, **resampled
        ),
        **describe_held_out(
            y, held_out, out.folds, base, thresholds=design.thresholds, resampled=resampled
        ),
        subgroups=compute_subgroups(y, held_out, out.folds, parts, **few),
        seen=_describe_seen(patients, horizon),
        optimism=optimism,
        instability=instability,
    )


def _describe_instability(
    y: FloatArray,
    served: FloatArray,
    reruns: FloatArray,
    weights: FloatArray,
    thresholds: tuple[float, float] | None,
) -> Instability:
    calibration, curves = compute_calibration_instability(y, reruns, sample_weight=weights)
    cuts = make_thresholds(thresholds or (COARSE, 1 - COARSE), COARSE)
    return Instability(
        summary=compute_instability(served, reruns),
        predictions=compute_prediction_instability(served, reruns),
        classification=compute_classification_instability(served, reruns, cuts),
        calibration=calibration,
        curves=curves,
    )


def _describe_seen(patients: Patients, horizon: str) -> pd.DataFrame | None:
    """Compare those seen with those not seen; at T2 after T1 among responders at T1."""
    data, dictionary = patients.data, patients.cohort.dictionary
    asked = np.ones(len(data), dtype=np.bool_)
    seen = ~np.isnan(data.y[horizon])
    if horizon == "t2" and data.has_kept:
        asked, seen = data.y["t1"] == 1, ~np.isnan(data.kept)
    names = dict.fromkeys((*_DESCRIBED, *(v.name for v in data.predictors)))
    variables: tuple[Variable, ...] = tuple(
        dictionary[name] for name in names if name in dictionary
    )
    table = patients.table[asked].reset_index(drop=True)
    return compute_seen_table(table, seen[asked], variables)
