"""A study's procedure fitted, and judged in every way that its cohort allows.

Computation only, nothing is written. Three kinds of reruns stand behind the tables: repeated
cross-validation (how it does on patients it has not seen), bootstrap samples (what its apparent
performance owes to having seen them, and how far it would move with other patients), and, where
asked for, permuted outcomes (whether it finds something where there is nothing). Beside them, the
cross-validation once more on labels from scores alone, where any label rests on wording.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from training.evaluation.design import Design, make_design
from training.evaluation.judgement import Judgement, compute_judgement
from training.evaluation.learning_curve import SHARES, compute_learning_curve, count_fits
from training.evaluation.null_test import Judge, compute_null_test, evaluate_candidates
from training.evaluation.panel import PanelEvaluation, count_panel_steps, evaluate_panel
from training.evaluation.power import compute_study_power
from training.fitting.bootstrap import predict_from_bootstraps
from training.fitting.cross_validation import (
    OutOfFold,
    make_repeated_folds,
    predict_folds,
    predict_from_parts,
)
from training.fitting.response import Fit, FittedResponse, fit_response
from training.fitting.weighting import compute_outcome_weights
from training.measures.decision_curve import COARSE, make_thresholds
from training.measures.performance import compute_cv_performance
from training.study.study import Description, Patients
from training.study.tables import Resampling

__all__ = ["Assessment", "Evaluation", "assess", "count_assessment", "count_steps", "evaluate"]

Progress = Callable[[], None]


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
        :func:`training.evaluation.null_test.compute_null_test`; None where it was not asked
        for.
    score_labels : dict of str to DataFrame
        The performance, by horizon, on labels from scores alone, by as many folds and repeats and
        the same seed; empty where that gives no other labels, or too few.
    learning : dict of str to DataFrame
        :func:`training.evaluation.learning_curve.compute_learning_curve`; empty where it was
        switched off.
    panel : PanelEvaluation or None
        What the microRNA panel adds; None for a study without one.
    power : dict of str to DataFrame
        :func:`training.evaluation.power.compute_study_power`.
    """

    out_of_fold: OutOfFold
    judgements: dict[str, Judgement]
    failures: tuple[str, ...] = ()
    null_test: pd.DataFrame | None = None
    score_labels: dict[str, pd.DataFrame] = field(default_factory=dict)
    learning: dict[str, pd.DataFrame] = field(default_factory=dict)
    panel: PanelEvaluation | None = None
    power: dict[str, pd.DataFrame] = field(default_factory=dict)

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


def count_steps(
    description: Description, *, null_permutations: int = 0, is_fitted: bool = False
) -> int:
    """Return how often :func:`evaluate` calls its `progress`, with a fit or without one."""
    design, data = make_design(description.study), description.panel
    fits = count_assessment(description, design, null_permutations=null_permutations)
    fits += not is_fitted
    if data is None:
        return fits
    folds, repeats = design.resampling.folds, design.resampling.repeats
    return fits + count_panel_steps(data, n_folds=folds, n_repeats=repeats)


def count_assessment(patients: Patients, design: Design, *, null_permutations: int = 0) -> int:
    """Return how often :func:`assess` calls its `progress`."""
    resampling = design.resampling
    cross_validation = resampling.folds * resampling.repeats
    fits = cross_validation + resampling.bootstrap_reruns
    fits += cross_validation if patients.score_labels.data else 0
    fits += count_fits(resampling.folds, _count_learning(resampling))
    return fits + null_permutations + len(patients.data.horizons)


def _count_learning(resampling: Resampling) -> int:
    """Return how many repeats of the cross-validation the learning curve uses."""
    return min(resampling.learning_curve, resampling.repeats)


def evaluate(
    description: Description,
    *,
    fitted: FittedResponse | None = None,
    null_permutations: int = 0,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> Evaluation:
    """Fit the procedure and judge it.

    Parameters
    ----------
    description : Description
        With an empty `shortfall`.
    fitted : FittedResponse or None
        The procedure on all patients, where it has been fitted, with the study's seed and 0.
    null_permutations : int
        Permutations of the null test; 0 leaves it out.
    n_jobs : int
        Processes; the numbers do not depend on it.
    progress : callable
        Called :func:`count_steps` times.
    """
    study, data = description.study, description.data
    fit = partial(fit_response, procedure=study.procedure)
    if fitted is None:
        fitted = fit(data, rng=np.random.default_rng((study.seed, 0)))
        progress()
    assessment = assess(
        description,
        make_design(study),
        fit,
        fitted.probability(data.X),
        null_permutations=null_permutations,
        judge=partial(
            evaluate_candidates, procedure=study.procedure, n_folds=study.resampling.folds
        ),
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
        As :func:`training.evaluation.null_test.compute_null_test` takes it.
    null_permutations, n_jobs, progress
        As in :func:`evaluate`.
    """
    data, resampling = patients.data, design.resampling
    seeded: dict[str, Any] = {"seed": design.seed, "n_jobs": n_jobs, "progress": progress}
    dealt = {"n_folds": resampling.folds, "n_repeats": resampling.repeats, "seed": design.seed}
    null_test = None
    if null_permutations:
        null_test = compute_null_test(data, judge, n_permutations=null_permutations, **seeded)
    out = predict_folds(data, fit, make_repeated_folds(data, **dealt), **seeded)
    rescored, by_scores = patients.score_labels.data, None
    if rescored is not None:
        by_scores = predict_folds(rescored, fit, make_repeated_folds(rescored, **dealt), **seeded)
    parts = []
    if n_learning := _count_learning(resampling):
        parts = predict_from_parts(data, fit, out.folds[:n_learning], SHARES, **seeded)
    reruns = predict_from_bootstraps(
        data, fit, n_resamples=resampling.bootstrap_reruns, plain=design.is_plain, **seeded
    )
    weights = compute_outcome_weights(data, weighting=design.weighting)
    score_labels = {}
    if rescored is not None and by_scores is not None:
        score_weights = compute_outcome_weights(rescored, weighting=design.weighting)
        for horizon, y in rescored.y.items():
            score_labels[horizon] = compute_cv_performance(
                y,
                by_scores.predictions[horizon],
                by_scores.folds,
                base_predictions=by_scores.base[horizon],
                sample_weight=score_weights[horizon],
                n_bootstrap=resampling.bootstrap,
                seed=design.seed,
            )
    judgements = {}
    for i, horizon in enumerate(data.horizons):
        judgements[horizon] = compute_judgement(
            patients, design, horizon, out, served[:, i], reruns, weights=weights[horizon]
        )
        progress()
    power = compute_study_power(data, design)
    assessment = Assessment(out, judgements, reruns.failures, null_test, score_labels, power=power)
    if not parts:
        return assessment
    learning = compute_learning_curve(
        data, parts, out, performance=assessment.performance, weights=weights, seed=design.seed
    )
    return replace(assessment, learning=learning)
