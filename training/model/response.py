"""Both horizons together: fitted, judged out of fold, and rerun on bootstrap samples.

Response at T1 is fitted on every patient whose T1 is known; "kept at T2" on T1 responders seen
at T2, taking those who were not seen as missing at random given the predictors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed, parallel_config
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.preprocessing import make_basis
from features.dictionary.variable import Variable
from training.model.candidates import constant_member
from training.model.fit import (
    MIN_FOR_KEPT,
    FittedOutcome,
    Procedure,
    fit_constant,
    fit_kept,
    fit_outcome,
    pull_to_rate,
)
from training.model.logistic_reruns import predict_logistic_reruns
from training.model.resampling import make_bootstrap, make_folds

__all__ = [
    "Fit",
    "FittedResponse",
    "OutOfFold",
    "Reruns",
    "TrainingData",
    "compute_seen_weights",
    "cross_validate",
    "fit_response",
    "make_repeated_folds",
    "predict_folds",
    "predict_from_bootstraps",
    "run_tasks",
]

Progress = Callable[[], None]

SEEN_PRIOR_SD = 0.5
"""Normal prior of the models of being seen: log-odds per SD of a predictor."""
_MAX_WEIGHT = 10.0


@dataclass(frozen=True)
class TrainingData:
    """Labelled patients as arrays.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    predictors : tuple of Variable
        In the order of the columns.
    horizons : tuple of str
        ("t1",), ("t1", "t2") or ("t2",).
    y : dict of str to ndarray of shape (n,)
        Outcome at each horizon: 1, 0, or NaN where unknown.
    kept : ndarray of shape (n,)
        Among T1 responders seen at T2: 1 kept, 0 lost; else NaN. All NaN with one horizon.
    groups : ndarray of int of shape (n,)
        Patient of each row.
    """

    X: FloatArray
    predictors: tuple[Variable, ...]
    horizons: tuple[str, ...]
    y: dict[str, FloatArray]
    kept: FloatArray
    groups: IntArray

    def __len__(self) -> int:
        return len(self.X)

    @property
    def has_kept(self) -> bool:
        """Whether the second horizon is a product."""
        return len(self.horizons) == 2

    @property
    def strata(self) -> IntArray:
        """What folds are balanced over: the joint state of the outcomes, unknown included."""
        first = np.nan_to_num(self.y[self.horizons[0]], nan=2.0)
        return np.asarray(first * 3 + np.nan_to_num(self.kept, nan=2.0), dtype=np.intp)

    def take(self, rows: IntArray | BoolArray) -> TrainingData:
        """Return the data of some rows; a row may be taken several times."""
        return replace(
            self,
            X=self.X[rows],
            y={h: y[rows] for h, y in self.y.items()},
            kept=self.kept[rows],
            groups=self.groups[rows],
        )


@dataclass(frozen=True)
class FittedResponse:
    """The fitted outcomes of all horizons."""

    first: FittedOutcome
    kept: FittedOutcome | None

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities, of shape (n, n_horizons), of raw predictors `X`."""
        first = self.first.model.probability(X)
        if self.kept is None:
            return first[:, np.newaxis]
        return np.column_stack([first, first * self.kept.model.probability(X)])


class Fitted(Protocol):
    """Anything that gives probabilities of shape (n, n_horizons)."""

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities of raw predictors `X`."""


class Fit(Protocol):
    """A way from training data to a model."""

    def __call__(self, data: TrainingData, *, rng: np.random.Generator) -> Fitted:
        """Make a model."""


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


def fit_response(
    data: TrainingData, procedure: Procedure, *, rng: np.random.Generator
) -> FittedResponse:
    """Run the whole procedure for every horizon.

    Parameters
    ----------
    data : TrainingData
        Rows with an unknown outcome are left out of the fit of that outcome.
    procedure : Procedure
        What to fit and how.
    rng : numpy.random.Generator
        Source of randomness.
    """
    y = data.y[data.horizons[0]]
    known = ~np.isnan(y)
    first = fit_outcome(
        data.X[known], y[known], data.groups[known], data.predictors, procedure, rng=rng
    )
    pull, rates = procedure.published_patients, procedure.published_rates
    if pull:
        first = pull_to_rate(first, data.X[known], rate=rates[0], n_patients=pull)
    if not data.has_kept:
        return FittedResponse(first, None)
    seen = ~np.isnan(data.kept)
    if not seen.any():  # happens in small bootstrap samples only: a study is checked before
        kept = fit_constant(data.X, data.kept[seen], data.predictors, reason="nobody was seen")
        return FittedResponse(first, kept)
    kept = fit_kept(
        data.X[seen], data.kept[seen], data.groups[seen], data.predictors, procedure, rng=rng
    )
    if pull:
        kept = pull_to_rate(
            kept, data.X[seen], rate=rates[1] / rates[0], n_patients=pull * rates[0]
        )
    return FittedResponse(first, kept)


def compute_seen_weights(data: TrainingData) -> FloatArray:
    """Return the inverse probability of being seen at T2, for metrics at T2.

    A T1 nonresponder's sustained response is known (0) without being seen, and has weight 1; a
    T1 responder who was seen stands also for those alike who were not. The probability is
    modelled by logistic regression of being seen on the predictors among T1 responders, with a
    normal prior of SD 0.5 per SD of a predictor; weights are cut at 10.

    Returns
    -------
    ndarray of shape (n,)
        At least 1; 1 for all when nobody's T2 is missing.
    """
    weights = np.ones(len(data))
    if not data.has_kept:
        return weights
    responders = data.y["t1"] == 1
    seen = ~np.isnan(data.kept[responders])
    if seen.all() or not seen.any():
        return weights
    X = data.X[responders]
    Z = make_basis(data.predictors).fit(X).expand(X)
    model = LogisticRegression(C=SEEN_PRIOR_SD**2, solver="newton-cholesky").fit(Z, seen)
    probability = expit(model.intercept_[0] + Z @ model.coef_[0])
    weights[np.flatnonzero(responders)[seen]] = np.minimum(1 / probability[seen], _MAX_WEIGHT)
    return weights


def run_tasks(tasks: Iterable[Any], n_jobs: int, progress: Progress) -> Iterator[Any]:
    """Run delayed tasks, results in order, one thread of linear algebra in each process."""
    tasks = list(tasks)
    if n_jobs == 1:
        for function, arguments, keywords in tasks:
            yield function(*arguments, **keywords)
            progress()
        return
    with parallel_config("loky", n_jobs=n_jobs, inner_max_num_threads=1):
        for result in Parallel(return_as="generator")(tasks):
            yield result
            progress()


def count_jobs() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share(y: FloatArray) -> float:
    """Return the share of events as the prevalence-only model has it."""
    return float(expit(constant_member(y[~np.isnan(y)], 0).intercept))


def _predict_fold(
    data: TrainingData, test: BoolArray, fit: Fit, seed: tuple[int, ...]
) -> tuple[FloatArray, FloatArray]:
    """Return risks and prevalences, each (n_horizons, n_test), of one held-out fold."""
    train = data.take(~test)
    with threadpool_limits(1):
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
        with threadpool_limits(1):
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
