"""The whole procedure rerun on bootstrap samples of the patients.

scikit-learn's `resample` draws rows; here patients are drawn with all of their rows, and how often
each was drawn is kept, so that a rerun can be judged on those whom it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import delayed

from features.arrays import FloatArray, IntArray
from training.fitting.fit import MIN_FOR_KEPT
from training.fitting.jobs import Progress, run_tasks
from training.fitting.logistic_reruns import predict_logistic_reruns
from training.fitting.resampling import make_bootstrap
from training.fitting.response import Fit, TrainingData

__all__ = ["Reruns", "predict_from_bootstraps"]


def _draw(
    groups: IntArray, seed: tuple[int, ...] | np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the rows of a sample of patients, and how often each row stands in it."""
    _, first, patient = np.unique(groups, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[patient]  # patients in the order in which they come
    drawn = make_bootstrap(len(first), rng=np.random.default_rng(seed))
    counts = np.bincount(drawn, minlength=len(first))[place].astype(np.intp)
    return np.repeat(np.arange(len(groups)), counts), counts


def _predict_from_bootstrap(
    data: TrainingData, fit: Fit, seed: tuple[int, ...]
) -> tuple[FloatArray | None, IntArray, str]:
    """Return the risks of all patients, how often each was drawn, and what failed if it did."""
    rng = np.random.default_rng(seed)
    drawn, counts = _draw(data.groups, rng)
    try:
        risks = fit(data.take(drawn), rng=rng).probability(data.X)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as err:
        # A sample with next to no information can break a solver: one of hundreds must not end
        # the training, and it is counted and told, not passed over.
        return None, counts, type(err).__name__
    if not np.isfinite(risks).all():
        return None, counts, "no estimate"
    return risks, counts, ""


@dataclass(frozen=True, eq=False)
class Reruns:
    """The whole procedure rerun on bootstrap samples of the patients.

    Parameters
    ----------
    predictions : ndarray of shape (n_succeeded, n, n_horizons)
        Risks of all original patients by the model of each sample. Those that the sample holds
        are its own patients: nothing more is needed to see how a model does on both.
    counts : ndarray of int of shape (n_succeeded, n)
        How often each patient stands in each sample.
    failures : tuple of str
        What broke the reruns that gave no model.
    """

    predictions: FloatArray
    counts: IntArray
    failures: tuple[str, ...] = ()

    @property
    def n_resamples(self) -> int:
        """Samples drawn, those that gave no model included."""
        return len(self.predictions) + len(self.failures)


def _predict_plainly(data: TrainingData, counts: IntArray) -> FloatArray:
    """Return (n_samples, n, n_horizons) risks by maximum likelihood, NaN where left to do."""
    risks = predict_logistic_reruns(data.X, data.y[data.horizons[0]], counts, data.predictors)[
        :, :, np.newaxis
    ]
    if not data.has_kept:
        return risks
    kept = predict_logistic_reruns(data.X, data.kept, counts, data.predictors)
    seen = ~np.isnan(data.kept)
    events = counts[:, seen] @ data.kept[seen]
    fewest = np.minimum(events, counts[:, seen].sum(axis=1) - events)
    kept[fewest < MIN_FOR_KEPT] = np.nan
    return np.concatenate([risks, risks * kept[:, :, np.newaxis]], axis=2)


def predict_from_bootstraps(
    data: TrainingData,
    fit: Fit,
    *,
    n_resamples: int,
    seed: int,
    n_jobs: int = 1,
    plain: bool = False,
    progress: Progress = lambda: None,
) -> Reruns:
    """Rerun the whole procedure on bootstrap samples and predict the original patients.

    Parameters
    ----------
    data : TrainingData
        All patients.
    fit : callable
        Makes a model from a sample: ``fit(sample, rng=rng).probability(X)``. Everything that
        learns from data must be inside it.
    n_resamples : int
        Samples of as many patients as there are, drawn with replacement, each with all of his
        rows: with some of them left outside, a rerun would be judged on patients it has seen.
    seed : int
        The result depends on nothing else, the number of jobs included.
    n_jobs : int
        Processes.
    plain : bool
        Whether `fit` is one maximum-likelihood logistic regression (:attr:`Procedure.is_plain`):
        the samples that can be are then fitted together, with the same risks.
    progress : callable
        Called after each rerun.

    Returns
    -------
    Reruns
        The spread of a patient's risks over the samples is the instability of the procedure. It
        is not a confidence interval of the risk: its coverage of the true risk is far below 95%.
    """
    if plain and n_resamples:
        drawn = [_draw(data.groups, (seed, 3, i))[1] for i in range(n_resamples)]
        together = _predict_plainly(data, np.stack(drawn))
    else:
        together = np.full((n_resamples, 1, 1), np.nan)
    alone = np.atleast_1d(np.isnan(together).any(axis=(1, 2)))
    tasks = [
        delayed(_predict_from_bootstrap)(data, fit, (seed, 3, resample))
        for resample in np.flatnonzero(alone).tolist()
    ]
    one_by_one = iter(list(run_tasks(tasks, n_jobs, progress)))
    predictions, counts, failures = [], [], []
    for resample in range(n_resamples):
        if alone[resample]:
            risks, own, failure = next(one_by_one)
        else:
            risks, own, failure = together[resample], drawn[resample], ""
            progress()
        if risks is None:
            failures.append(failure)
        else:
            predictions.append(risks)
            counts.append(own)
    shape = (len(predictions), len(data), len(data.horizons))
    return Reruns(
        predictions=np.reshape(predictions, shape),
        counts=np.reshape(counts, shape[:2]).astype(np.intp),
        failures=tuple(failures),
    )
