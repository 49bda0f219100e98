"""Bayesian logistic regression that shrinks by evidence.

Many models of the same patients (:mod:`training.fitting.bayes.hypotheses`) are fitted: nothing
predicts; every predictor a little, or more, straight, bent, cut, or two at a time; only a few
predictors do; only a few columns do. Each has the weight of its prior times its evidence, the
probability that it gave the outcomes before they were seen. Their mixture is taken as one normal
distribution of one vector of coefficients. Nothing is held out, and nothing is drawn at random.

The interval has a prior of its own, by which bends, steps and products are likelier and "nothing
predicts" is not, and in which every predictor may count: that small cohorts do not show them does
not mean that there are none.

Of patients with gaps each column is the mean over their fillings (:mod:`training.fitting.gaps`),
and the log-odds are drawn in by what the gaps leave open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import expit, logsumexp

from features.arrays import FloatArray, IntArray
from training.fitting.bayes.directions import INTERCEPT_SD, list_blocks
from training.fitting.bayes.effects import STRAIGHT, Effects, draw_in
from training.fitting.bayes.hypotheses import Hypothesis, list_all, list_chosen, list_few
from training.fitting.bayes.laplace import Mode, find_mode
from training.fitting.bayes.screening import SCREENED_FROM, keep_likely, sum_up_likelihood
from training.fitting.solvers import fit_intercept

__all__ = ["Evidence", "fit_evidence"]


_POINT_SHARE = 0.25
"""Share of the point's own posterior in that of the interval: where the two disagree, the interval
covers both."""
_NEVER_QUITE = 0.1
"""Standard deviation of the log-odds by which no model of these is ever quite right, however many
patients there are: thresholds fall between two steps, and links are not quite logistic."""
_COUNTS = 1e-4
"""Weight below which a model is left out of a covariance."""
_LOST = 40.0
"""Nats behind the best at which a model's weight is lost in the rounding of the others'."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the evidence says of one outcome.

    Parameters
    ----------
    intercept : float
        Log-odds.
    coef : ndarray of shape (1 + n_columns + n_pairs,)
        Of the basis's columns and of the products of the effects' pairs; the first is 0.
    nothing : float
        Probability that nothing predicts, from 0 to 1.
    effective : float
        Parameters in effect, the intercept left out: 0 where everything is shrunk away.
    """

    intercept: float
    coef: FloatArray
    nothing: float
    effective: float
    _slope: float = field(repr=False)
    _shift: float = field(repr=False)
    _mixture: _Mixture = field(repr=False)

    @property
    def pairs(self) -> IntArray:
        """Columns (n_pairs, 2) of the basis whose products the last coefficients belong to."""
        return self._mixture.effects.pairs

    @cached_property
    def range(self) -> tuple[FloatArray, FloatArray]:
        """Mean (1 + n_columns + n_pairs,) and covariance of all coefficients, for intervals.

        The first is the intercept.
        """
        return self._mixture.describe_range()

    def leave_out(self, y: FloatArray, groups: IntArray) -> FloatArray:
        """Return the log-odds (n,) of the patients had they not been among the data.

        Parameters
        ----------
        y : ndarray of shape (n,)
            The outcome that it was fitted to.
        groups : ndarray of int of shape (n,)
            Patient of each row: all rows of a patient are left out together.
        """
        margin = self._mixture.leave_out(self._mixture.weigh(0), y, groups)
        return self._shift + self._slope * margin


@dataclass(frozen=True, eq=False)
class _Mixture:
    """All models, solved."""

    effects: Effects
    models: list[Hypothesis]
    modes: list[Mode]

    def weigh(self, which: int) -> FloatArray:
        """Return the probabilities of the models under the prior of the point (0) or range (1)."""
        log = [m.weights[which] + s.evidence for m, s in zip(self.models, self.modes, strict=True)]
        return np.asarray(np.exp(np.array(log) - logsumexp(log)))

    def find_coef(self, weights: FloatArray) -> FloatArray:
        """Return the mean coefficients (1 + n_effects,) of the mixture."""
        return np.asarray(weights @ self._coefs)

    @cached_property
    def _coefs(self) -> FloatArray:
        residuals = np.stack([mode.residual for mode in self.modes])
        return np.asarray(residuals @ self.effects.design * self._priors)

    @cached_property
    def _priors(self) -> FloatArray:
        variances = np.stack([model.variances for model in self.models])
        return np.column_stack([np.full(len(variances), INTERCEPT_SD**2), variances])

    def sum_up(self, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean and variance (n,) of the log-odds, and the parameters of each model.

        Models that cannot weigh anything have none.
        """
        n, used = len(self.effects.design), np.zeros(len(weights))
        mean, variance = np.empty(n), np.empty(n)
        told = np.flatnonzero([mode.variance.size > 0 for mode in self.modes])
        modes, weights = [self.modes[place] for place in told], weights[told]
        for rows in list_blocks(n):
            margins = np.stack([mode.margin[rows] for mode in modes])
            variances = np.stack([mode.variance[rows] for mode in modes])
            mean[rows] = weights @ margins
            variance[rows] = weights @ (variances + margins**2) - mean[rows] ** 2
            information = np.stack([mode.information[rows] for mode in modes])
            used[told] += (information * variances).sum(axis=1)
        return mean, variance, used

    def forget_unlikely(self) -> None:
        """Let go of the patients' numbers in models that weigh next to nothing.

        Of a million patients they would be half a gigabyte, kept as long as the model.
        """
        self.find_coef(self.weigh(0))  # which needs them once, of all models
        likely = np.maximum(self.weigh(0), self._weigh_range()) > _COUNTS
        for place in np.flatnonzero(~likely):
            self.modes[place] = self.modes[place].forget_patients()

    def _weigh_range(self) -> FloatArray:
        return np.asarray(_POINT_SHARE * self.weigh(0) + (1 - _POINT_SHARE) * self.weigh(1))

    def _take(self, place: int | np.intp) -> tuple[FloatArray, FloatArray]:
        """Return the columns and the prior variances that a model was solved with."""
        used = np.flatnonzero(self._priors[place])
        return self.effects.design[:, used], self._priors[place, used]

    def leave_out(self, weights: FloatArray, y: FloatArray, groups: IntArray) -> FloatArray:
        """Return the log-odds of patients who were left out, by models with these weights.

        A model that foresaw the patient's outcome owes weight to it, and has less without.
        """
        _, patient, counts = np.unique(groups, return_inverse=True, return_counts=True)
        order = np.argsort(patient, kind="stable")
        number = counts[patient[order]]
        places = [order[number == m].reshape(-1, m) for m in np.unique(counts)]
        used = np.flatnonzero(weights > _COUNTS)
        margins, odds = np.empty((len(used), len(y))), np.empty((len(used), len(counts)))
        for i, place in enumerate(used):
            margins[i], variance = self.modes[place].leave_out(*self._take(place), places)
            risk = expit(draw_in(variance) * margins[i] * (2 * y - 1))
            odds[i] = np.log(weights[place]) - np.bincount(patient, np.log(risk))
        own = np.exp(odds - logsumexp(odds, axis=0))
        return np.asarray(np.sum(own[:, patient] * margins, axis=0))

    def describe_range(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and covariance of the basis's coefficients for intervals."""
        weights = self._weigh_range()
        mean = self.find_coef(weights)
        away = self._coefs - mean
        covariance = (away.T * weights) @ away
        for place in np.flatnonzero(weights > _COUNTS):
            used = np.flatnonzero(self._priors[place])
            own = self.modes[place].find_covariance(*self._take(place))
            covariance[np.ix_(used, used)] += weights[place] * own
        covariance[0, 0] += _NEVER_QUITE**2
        way = self.effects.to_basis
        return mean @ way, way.T @ covariance @ way


def _solve(
    effects: Effects, y: FloatArray, models: Sequence[Hypothesis], *, best: float = -np.inf
) -> list[Mode]:
    """Return the posteriors of models, beside another whose log weight is `best`.

    Of those that cannot weigh anything beside the best, no variance is found, and only what their
    coefficients follow from is kept.
    """
    modes: list[Mode] = []
    start = None
    for model in models:
        prior = np.concatenate([[INTERCEPT_SD**2], model.variances])
        used = np.flatnonzero(prior)
        design = effects.design if used.size == prior.size else effects.design[:, used]
        least = best - _LOST - model.weights[0]
        mode = find_mode(design, y, prior[used], start=start, least=least)
        start = mode.margin
        modes.append(mode if mode.variance.size else mode.keep_residual())
        best = max(best, model.weights[0] + mode.evidence)
    return modes


def _dampen(effects: Effects, y: FloatArray, models: Sequence[Hypothesis]) -> None:
    """Damp the effects by what straight effects leave open in gaps."""
    own = effects.kinds == STRAIGHT
    straight = [model for model in models if not model.variances[~own].any()]
    mixture = _Mixture(effects, straight, _solve(effects, y, straight, best=np.inf))
    effects.dampen(mixture.find_coef(mixture.weigh(0))[1:][own])


def _order_predictors(effects: Effects, coef: FloatArray) -> IntArray:
    """Return the predictors, those first that tell the patients most apart."""
    columns, damping = effects.design[:, 1:], effects.damping
    # Columns of no model that was solved have 0.
    used = [np.flatnonzero(own & (coef != 0.0)) for own in effects.needs.T]
    spread = [np.var(columns[:, own] @ coef[own] / damping) for own in used]
    return np.argsort(-np.array(spread), kind="stable")


def fit_evidence(effects: Effects, y: FloatArray) -> Evidence:
    """Weigh all models by their evidence.

    Parameters
    ----------
    effects : Effects
        Of the patients, undamped; their design is damped where it lies if there are gaps.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    """
    models = list_all(effects)
    if effects.has_gaps:
        _dampen(effects, y, models)
    form = None
    if len(y) >= SCREENED_FROM:
        form = sum_up_likelihood(effects.design, y, models)
        # That of nothing stays in front: its probability is told.
        models = [models[0], *keep_likely(form, models[1:])]
    modes = _solve(effects, y, models)
    every = _Mixture(effects, models, modes)
    order = _order_predictors(effects, every.find_coef(every.weigh(0))[1:])
    # Models of a few columns take less to solve than to judge beforehand.
    more = [*keep_likely(form, list_few(effects, order), models), *list_chosen(effects, y)]
    best = max(m.weights[0] + s.evidence for m, s in zip(models, modes, strict=True))
    modes += _solve(effects, y, more, best=best)
    mixture = _Mixture(effects.forget_fillings(), [*models, *more], modes)
    weights = mixture.weigh(0)
    margin, variance, told = mixture.sum_up(weights)
    slope = float(draw_in(variance).mean())
    shift = fit_intercept(slope * margin, float(np.mean(y)))
    coef = slope * (mixture.find_coef(weights) @ effects.to_basis)
    mixture.forget_unlikely()
    return Evidence(
        intercept=float(coef[0]) + shift,
        coef=np.concatenate([[0.0], coef[1:]]),
        nothing=float(weights[0]),
        effective=max(float(weights @ told) - 1.0, 0.0),
        _slope=slope,
        _shift=shift,
        _mixture=mixture,
    )
