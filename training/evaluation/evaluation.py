"""A study's procedure fitted, and judged in every way that its cohort allows.

Computation only, nothing is written. Three kinds of reruns stand behind the tables: repeated
cross-validation (how it does on patients it has not seen), bootstrap samples (what its apparent
performance owes to having seen them, and how far it would move with other patients), and, where
asked for, permuted outcomes (whether it finds something where there is nothing). Beside them, the
cross-validation once more on labels from scores alone, where any label rests on wording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from training.evaluation.design import Design, make_design
from training.evaluation.learning_curve import compute_learning_curve, count_fits
from training.evaluation.missing_outcome import compute_metric_bounds, compute_seen_table
from training.evaluation.panel import PanelEvaluation, count_panel_steps, evaluate_panel
from training.evaluation.permutation_test import Judge, compute_null_test, judge_candidates
from training.evaluation.score_labels import ScoreLabels, count_reruns, judge_score_labels
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
from training.model.response import (
    Fit,
    FittedResponse,
    OutOfFold,
    Reruns,
    fit_response,
    make_repeated_folds,
    predict_folds,
    predict_from_bootstraps,
)
from training.model.weighting import compute_outcome_weights
from training.study.study import Description, Patients
from training.study.tables import Resampling

__all__ = [
    "Assessment",
    "Decisions",
    "Evaluation",
    "Instability",
    "Judgement",
    "assess",
    "count_assessment",
    "count_steps",
    "evaluate",
]

Progress = Callable[[], None]

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


@dataclass(frozen=True, eq=False)
class Judgement:
    """Everything that is told of one horizon. No table has a row for a patient.

    Parameters
    ----------
    performance : DataFrame
        :func:`training.measures.performance.compute_cv_performance`.
    calibration : CalibrationCurve
        Of the held-out risks.
    groups, risks, roc : DataFrame
        Observed shares in groups of risk, the distribution of held-out risks, and sensitivity and
        specificity at every hundredth.
    bounds : DataFrame
        :func:`training.evaluation.missing_outcome.compute_metric_bounds`.
    subgroups : DataFrame
        :func:`training.measures.subgroups.compute_subgroups`.
    seen : DataFrame or None
        Patients whose outcome is known beside the others; at T2 after T1, among responders at
        T1. None where there are too few of either.
    optimism : DataFrame or None
        :func:`training.measures.optimism.compute_optimism`; None without bootstrap reruns.
    instability : Instability or None
        None without bootstrap reruns.
    decisions : Decisions or None
        None where the study has set no range of thresholds.
    """

    performance: pd.DataFrame
    calibration: CalibrationCurve
    groups: pd.DataFrame
    risks: pd.DataFrame
    roc: pd.DataFrame
    bounds: pd.DataFrame
    subgroups: pd.DataFrame
    seen: pd.DataFrame | None
    optimism: pd.DataFrame | None
    instability: Instability | None
    decisions: Decisions | None


@dataclass(frozen=True, eq=False)
class Assessment:
    """How a way of making a model did on a cohort.

    Parameters
    ----------
    out_of_fold : OutOfFold
        Held-out risks. They belong to patients, and are never stored.
    judgements : dict of str to Judgement
        By horizon.
    failures : tuple of str
        What broke the bootstrap reruns that gave no model.
    null_test : DataFrame or None
        :func:`training.evaluation.permutation_test.compute_null_test`; None where it was not asked
        for.
    score_labels : ScoreLabels or None
        The result with labels from scores alone; None where it was not looked at.
    learning : dict of str to DataFrame
        :func:`training.evaluation.learning_curve.compute_learning_curve`; empty where it was
        switched off.
    panel : PanelEvaluation or None
        What the microRNA panel adds; None for a study without one.
    """

    out_of_fold: OutOfFold
    judgements: dict[str, Judgement]
    failures: tuple[str, ...] = ()
    null_test: pd.DataFrame | None = None
    score_labels: ScoreLabels | None = None
    learning: dict[str, pd.DataFrame] = field(default_factory=dict)
    panel: PanelEvaluation | None = None

    @property
    def performance(self) -> dict[str, pd.DataFrame]:
        """The cross-validated performance by horizon."""
        return {horizon: found.performance for horizon, found in self.judgements.items()}

    @property
    def instability(self) -> dict[str, dict[str, float]]:
        """The summary of the instability by horizon; empty without bootstrap reruns."""
        return {
            horizon: found.instability.summary
            for horizon, found in self.judgements.items()
            if found.instability is not None
        }


@dataclass(frozen=True, eq=False)
class Evaluation(Assessment):
    """A fitted study and how it did.

    Parameters
    ----------
    fitted : FittedResponse
        The procedure on all patients.
    """

    fitted: FittedResponse = field(kw_only=True)


def count_steps(description: Description, *, null_permutations: int = 0) -> int:
    """Return how often :func:`evaluate` calls its `progress`."""
    design, data = make_design(description.study), description.panel
    fits = 1 + count_assessment(description, design, null_permutations=null_permutations)
    if data is None:
        return fits
    folds, repeats = design.resampling.folds, design.resampling.repeats
    return fits + count_panel_steps(data, n_folds=folds, n_repeats=repeats)


def count_assessment(patients: Patients, design: Design, *, null_permutations: int = 0) -> int:
    """Return how often :func:`assess` calls its `progress`."""
    resampling = design.resampling
    fits = resampling.folds * resampling.repeats + resampling.bootstrap_reruns
    fits += count_reruns(patients, design)
    fits += count_fits(resampling.folds, _count_learning(resampling))
    return fits + null_permutations + len(patients.data.horizons)


def _count_learning(resampling: Resampling) -> int:
    """Return how many repeats of the cross-validation the learning curve uses."""
    return min(resampling.learning_curve, resampling.repeats)


def evaluate(
    description: Description,
    *,
    null_permutations: int = 0,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> Evaluation:
    """Fit the procedure and judge it.

    Parameters
    ----------
    description : Description
        With an empty `shortfall`.
    null_permutations : int
        Permutations of the null test; 0 leaves it out.
    n_jobs : int
        Processes; the numbers do not depend on it.
    progress : callable
        Called :func:`count_steps` times.
    """
    study, data = description.study, description.data
    fit = partial(fit_response, procedure=study.procedure)
    fitted = fit(data, rng=np.random.default_rng((study.seed, 0)))
    progress()
    assessment = assess(
        description,
        make_design(study),
        fit,
        fitted.probability(data.X),
        null_permutations=null_permutations,
        judge=partial(judge_candidates, procedure=study.procedure, n_folds=study.resampling.folds),
        n_jobs=n_jobs,
        progress=progress,
    )
    panel = None
    if description.panel is not None:
        panel = evaluate_panel(
            description.panel,
            study.procedure,
            study.panel,
            fitted,
            n_folds=study.resampling.folds,
            n_repeats=study.resampling.repeats,
            thresholds=make_thresholds(study.thresholds, COARSE) if study.thresholds else [],
            weighting=study.weighting,
            n_bootstrap=study.resampling.bootstrap,
            seed=study.seed,
            n_jobs=n_jobs,
            progress=progress,
        )
    return Evaluation(**(vars(assessment) | {"panel": panel}), fitted=fitted)


def assess(
    patients: Patients,
    design: Design,
    fit: Fit,
    served: FloatArray,
    *,
    judge: Judge,
    null_permutations: int = 0,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> Assessment:
    """Judge a way of making a model.

    Parameters
    ----------
    patients : Patients
        On whom.
    design : Design
        How they are resampled, weighted and divided.
    fit : callable
        Makes a model from some of the patients: ``fit(train, rng=rng)``. Everything that learns
        from data must be inside it.
    served : ndarray of shape (n, n_horizons)
        Risks of all patients by the model that was made from all of them.
    judge : callable
        As :func:`training.evaluation.permutation_test.compute_null_test` takes it.
    null_permutations, n_jobs, progress
        As in :func:`evaluate`.
    """
    data, resampling = patients.data, design.resampling
    folds = make_repeated_folds(
        data, n_folds=resampling.folds, n_repeats=resampling.repeats, seed=design.seed
    )
    out = predict_folds(data, fit, folds, seed=design.seed, n_jobs=n_jobs, progress=progress)
    reruns = predict_from_bootstraps(
        data,
        fit,
        n_resamples=resampling.bootstrap_reruns,
        seed=design.seed,
        n_jobs=n_jobs,
        plain=design.is_plain,
        progress=progress,
    )
    null_test = None
    if null_permutations:
        null_test = compute_null_test(
            data,
            judge,
            n_permutations=null_permutations,
            seed=design.seed,
            n_jobs=n_jobs,
            progress=progress,
        )
    score_labels = judge_score_labels(patients, design, fit, n_jobs=n_jobs, progress=progress)
    weights = compute_outcome_weights(data, weighting=design.weighting)
    learning = {}
    if n_learning := _count_learning(resampling):
        learning = compute_learning_curve(
            data,
            fit,
            out,
            n_repeats=n_learning,
            weights=weights,
            seed=design.seed,
            n_jobs=n_jobs,
            progress=progress,
        )
    judgements = {}
    for i, horizon in enumerate(data.horizons):
        judgements[horizon] = _judge(
            patients, design, horizon, out, served[:, i], reruns, weights=weights[horizon]
        )
        progress()
    return Assessment(out, judgements, reruns.failures, null_test, score_labels, learning)


def _judge(
    patients: Patients,
    design: Design,
    horizon: str,
    out: OutOfFold,
    served: FloatArray,
    reruns: Reruns,
    *,
    weights: FloatArray,
) -> Judgement:
    data = patients.data
    y, held_out, base = data.y[horizon], out.predictions[horizon], out.base[horizon]
    n_bootstrap, seed = design.resampling.bootstrap, design.seed
    i = data.horizons.index(horizon)
    optimism = instability = None
    if len(reruns.predictions) > 1:
        optimism = compute_optimism(
            y,
            served,
            reruns.predictions[:, :, i],
            reruns.counts,
            sample_weight=weights,
            n_resamples=reruns.n_resamples,
        )
        instability = _describe_instability(
            y, served, reruns.predictions[:, :, i], weights, design.thresholds
        )
    return Judgement(
        performance=compute_cv_performance(
            y,
            held_out,
            out.folds,
            base_predictions=base,
            sample_weight=weights,
            n_bootstrap=n_bootstrap,
            seed=seed,
        ),
        calibration=compute_calibration_curve(
            y, held_out, sample_weight=weights, n_bootstrap=n_bootstrap, seed=seed
        ),
        groups=compute_calibration_groups(y, held_out),
        risks=compute_risk_histogram(y, held_out.mean(axis=0)),
        roc=compute_threshold_table(
            y, held_out, np.linspace(0, 1, _ROC_POINTS).tolist(), sample_weight=weights
        ),
        bounds=compute_metric_bounds(y, held_out, out.folds, base),
        subgroups=compute_subgroups(
            y,
            held_out,
            out.folds,
            make_subgroups(patients.table, patients.cohort.dictionary, design.subgroups),
            sample_weight=weights,
            n_bootstrap=min(n_bootstrap, _SUBGROUP_RESAMPLES),
            seed=seed,
        ),
        seen=_describe_seen(patients, horizon),
        optimism=optimism,
        instability=instability,
        decisions=None
        if design.thresholds is None
        else _decide(y, held_out, weights, design.thresholds, n_bootstrap=n_bootstrap, seed=seed),
    )


def _decide(
    y: FloatArray,
    held_out: FloatArray,
    weights: FloatArray,
    between: tuple[float, float],
    *,
    n_bootstrap: int,
    seed: int,
) -> Decisions:
    return Decisions(
        compute_threshold_table(
            y, held_out, make_thresholds(between, COARSE), sample_weight=weights
        ),
        compute_decision_curve(
            y,
            held_out,
            make_thresholds(between, FINE),
            sample_weight=weights,
            n_bootstrap=n_bootstrap,
            seed=seed,
        ),
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
