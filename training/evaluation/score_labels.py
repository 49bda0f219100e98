"""The result with labels from scores alone: how much rests on the record's wording.

The rule "fall2_or_success" calls a patient a responder who fell by 2 points or whom the record
calls a success. A record's wording is softer than a score. Here it is left out: a label that has
no score is then unknown, one that wording alone had made a responder is none, and the whole
procedure is judged again on what is left, by as many folds and repeats and the same seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from features.dictionary.outcome import make_labels
from features.errors import InputError
from training.evaluation.design import Design
from training.fitting.cross_validation import make_repeated_folds, predict_folds
from training.fitting.response import Fit, TrainingData
from training.fitting.weighting import compute_outcome_weights
from training.measures.performance import compute_cv_performance
from training.study.study import Patients, count_outcome, find_shortfall

__all__ = ["ScoreLabels", "count_reruns", "evaluate_score_labels"]

_WORDING = ("success_t1", "success_t2")


@dataclass(frozen=True, eq=False)
class ScoreLabels:
    """What labels from scores alone make of a study.

    Parameters
    ----------
    changed : dict of str to int
        Horizon to the patients whose label differs: it is another one, or is unknown now.
    counts : dict
        Horizon to :func:`training.study.study.count_outcome` of the score labels.
    performance : dict of str to DataFrame
        :func:`training.measures.performance.compute_cv_performance` of the whole procedure on the
        score labels; empty where no label changed, or it was not judged.
    reason : str
        Why it was not judged; empty where it was, or nothing changed.
    """

    changed: dict[str, int]
    counts: dict[str, dict[str, float]] = field(default_factory=dict)
    performance: dict[str, pd.DataFrame] = field(default_factory=dict)
    reason: str = ""


def _label(patients: Patients, rule: str) -> tuple[TrainingData | None, ScoreLabels]:
    """Return the patients with labels from scores, where they are to be judged again."""
    data = patients.data
    table = patients.table.drop(columns=[c for c in _WORDING if c in patients.table])
    try:
        labels = make_labels(table, rule=rule, horizons=data.horizons)
    except InputError:
        return None, ScoreLabels(
            {}, reason="the cohort does not hold the pain scores of every horizon"
        )
    scored = replace(data, y={h: getattr(labels, h) for h in data.horizons}, kept=labels.kept)
    changed = {
        h: int((~np.isclose(scored.y[h], data.y[h], equal_nan=True)).sum()) for h in data.horizons
    }
    found = ScoreLabels(changed, {h: count_outcome(scored, h) for h in data.horizons})
    if not any(changed.values()):
        return None, found
    shortfall = find_shortfall(scored)
    if shortfall:
        return None, replace(found, reason=f"by scores alone: {shortfall}")
    return scored, found


def count_reruns(patients: Patients, design: Design) -> int:
    """Return how often :func:`evaluate_score_labels` fits the procedure."""
    resampling = design.resampling
    return (
        resampling.folds * resampling.repeats if _label(patients, design.rule)[0] is not None else 0
    )


def evaluate_score_labels(
    patients: Patients,
    design: Design,
    fit: Fit,
    *,
    n_jobs: int = 1,
    progress: Callable[[], None] = lambda: None,
) -> ScoreLabels:
    """Judge a study's procedure on labels from scores alone.

    Parameters
    ----------
    patients : Patients
        On whom the study's own labels were judged.
    design : Design
        How they were judged.
    fit : callable
        Makes a model from the training part: ``fit(train, rng=rng)``.
    n_jobs : int
        Processes; the numbers do not depend on it.
    progress : callable
        Called after each of :func:`count_reruns` fits.

    Returns
    -------
    ScoreLabels
        Results that differ much from those of the study rest on the record's wording.
    """
    resampling = design.resampling
    scored, found = _label(patients, design.rule)
    if scored is None:
        return found
    folds = make_repeated_folds(
        scored, n_folds=resampling.folds, n_repeats=resampling.repeats, seed=design.seed
    )
    out = predict_folds(scored, fit, folds, seed=design.seed, n_jobs=n_jobs, progress=progress)
    weights = compute_outcome_weights(scored, weighting=design.weighting)
    performance = {
        h: compute_cv_performance(
            scored.y[h],
            out.predictions[h],
            out.folds,
            base_predictions=out.base[h],
            sample_weight=weights[h],
            n_bootstrap=resampling.bootstrap,
            seed=design.seed,
        )
        for h in scored.horizons
    }
    return replace(found, performance=performance)
