"""Patients predicted by models that had not seen them, the whole procedure inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import delayed
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from training.fitting.candidates import constant_member
from training.fitting.jobs import Progress, run_tasks
from training.fitting.procedure import Procedure
from training.fitting.resampling import make_folds
from training.fitting.response import Fit, Fitted, TrainingData, fit_response

__all__ = [
    "OutOfFold",
    "cross_validate",
    "make_repeated_folds",
    "predict_folds",
    "predict_from_parts",
]


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for patients that the model had not seen.

    Parameters
    ----------
    predictions, base : dict of str to ndarray of shape (n_repeats, n)
        Risk by the procedure and by the prevalence of the training part, per horizon.
    folds : ndarray of int of shape (n_repeats, n)
        The fold that held each patient out.
    """

    predictions: dict[str, FloatArray]
    base: dict[str, FloatArray]
    folds: IntArray


def _share(y: FloatArray) -> float:
    """Return the share of events as the prevalence-only model has it."""
    return float(expit(constant_member(y[~np.isnan(y)], 0).intercept))


def _predict_fold(
    data: TrainingData, test: BoolArray, fit: Fit, seed: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Return risks and prevalences, each (n_horizons, n_test), of one held-out fold."""
    train = data.take(~test)
    risks = fit(train, rng=np.random.default_rng(seed)).probability(data.X[test]).T
    rates = [_share(train.y[train.horizons[0]])]
    if data.has_kept:
        rates.append(rates[0] * _share(train.kept))
    return risks, np.repeat(np.array(rates)[:, np.newaxis], int(test.sum()), axis=1)


def predict_folds(
    data: TrainingData,
    fit: Fit,
    folds: IntArray,
    *,
    seed: int,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> OutOfFold:
    """Predict the patients of every fold by a model that was made without them.

    Parameters
    ----------
    data : TrainingData
        All patients.
    fit : callable
        Makes a model from the training part: ``fit(train, rng=rng).probability(X)``.
    folds : ndarray of int of shape (n_repeats, n)
        The fold of each patient in each repeat; any numbers.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    progress : callable
        Called after each fit.
    """
    places = [(repeat, fold) for repeat, row in enumerate(folds) for fold in np.unique(row)]
    tasks = (
        delayed(_predict_fold)(data, folds[repeat] == fold, fit, (seed, 2, repeat, int(fold)))
        for repeat, fold in places
    )
    predictions = {h: np.empty(folds.shape) for h in data.horizons}
    base = {h: np.empty(folds.shape) for h in data.horizons}
    for (repeat, fold), (risks, rates) in zip(
        places, run_tasks(tasks, n_jobs, progress), strict=True
    ):
        test = folds[repeat] == fold
        for i, horizon in enumerate(data.horizons):
            predictions[horizon][repeat, test] = risks[i]
            base[horizon][repeat, test] = rates[i]
    return OutOfFold(predictions, base, folds)


def _fit_part(data: TrainingData, *, rng: np.random.Generator, fit: Fit, share: float) -> Fitted:
    """Fit on a part of the training patients, drawn class by class."""
    kept = np.zeros(len(data), dtype=bool)
    for stratum in np.unique(data.strata):
        patients = np.unique(data.groups[data.strata == stratum])
        count = max(1, round(share * len(patients)))
        drawn = rng.choice(patients, size=count, replace=False)
        kept |= np.isin(data.groups, drawn)
    return fit(data.take(kept), rng=rng)


def predict_from_parts(
    data: TrainingData,
    fit: Fit,
    folds: IntArray,
    shares: Sequence[float],
    *,
    seed: int,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> list[OutOfFold]:
    """Predict the patients of every fold by models of parts of the others; see `predict_folds`.

    Parameters
    ----------
    shares : sequence of float
        Of the training part of each fold, above 0 and below 1; a result for each.
    """
    return [
        predict_folds(
            data,
            partial(_fit_part, fit=fit, share=share),
            folds,
            seed=seed + 1 + place,
            n_jobs=n_jobs,
            progress=progress,
        )
        for place, share in enumerate(shares)
    ]


def cross_validate(
    data: TrainingData,
    procedure: Procedure,
    *,
    n_folds: int,
    n_repeats: int,
    seed: int,
    n_jobs: int = 1,
    progress: Progress = lambda: None,
) -> OutOfFold:
    """Predict every patient by repeated cross-validation with the whole procedure inside.

    Parameters
    ----------
    data : TrainingData
        At least `n_folds` patients.
    procedure : Procedure
        Rerun from scratch on the training part of each fold.
    n_folds, n_repeats : int
        Patients are dealt anew in each repeat.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    progress : callable
        Called after each of the n_folds * n_repeats fits.
    """
    folds = make_repeated_folds(data, n_folds=n_folds, n_repeats=n_repeats, seed=seed)
    fit = partial(fit_response, procedure=procedure)
    return predict_folds(data, fit, folds, seed=seed, n_jobs=n_jobs, progress=progress)


def make_repeated_folds(data: TrainingData, *, n_folds: int, n_repeats: int, seed: int) -> IntArray:
    """Return the fold of each patient in each repeat, of shape (n_repeats, n)."""
    return np.stack(
        [
            make_folds(
                data.strata,
                data.groups,
                n_folds=n_folds,
                rng=np.random.default_rng((seed, 1, repeat)),
            )
            for repeat in range(n_repeats)
        ]
    )
