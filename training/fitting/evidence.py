"""Bayesian logistic regression that shrinks by evidence.

Many models of the same patients are fitted (:mod:`training.fitting.laplace`): nothing predicts;
every predictor a little, or more, straight, bent, cut, or two at a time; only a few predictors do;
only a few columns do. Each has the weight of its prior times its evidence, the probability that it
gave the outcomes before they were seen. Their mixture is taken as one normal distribution of one
vector of coefficients. Nothing is held out, and nothing is drawn at random.

How much each kind of model weighs beforehand was chosen over the known truths of
`experiments.truth.known_truth`. The interval has a prior of its own, by which bends, steps and
products are likelier and "nothing predicts" is not, and in which every predictor may count: that
small cohorts do not show them does not mean that there are none.

Of patients with gaps each column is the mean over their fillings (:mod:`training.fitting.gaps`),
and the log-odds are drawn in by what the gaps leave open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from types import MappingProxyType

import numpy as np
from scipy.special import expit, gammaln, logsumexp

from features.arrays import BoolArray, FloatArray, IntArray
from training.fitting.effects import BEND, PRODUCT, STEP, STRAIGHT, SWITCH, Effects, draw_in
from training.fitting.laplace import INTERCEPT_SD, Mode, find_mode
from training.fitting.solvers import fit_intercept

__all__ = ["Evidence", "fit_evidence"]


@dataclass(frozen=True)
class Prior:
    """How likely each kind of model is beforehand.

    Parameters
    ----------
    nothing : float
        That nothing predicts.
    chosen : float
        Of the rest: that only a few columns count, whatever their kind.
    few : float
        Of what is then left: that only a few predictors count.
    bend, product, step : float
        That numbers bend, that predictors act together, that numbers step.
    """

    nothing: float
    chosen: float
    few: float
    bend: float
    product: float
    step: float

    def weigh(self, kind: int) -> float:
        """Return how likely columns of a kind are."""
        return {BEND: self.bend, PRODUCT: self.product, STEP: self.step}[kind]


POINT = Prior(nothing=0.3, chosen=0.3, few=0.3, bend=0.2, product=0.06, step=0.1)
RANGE = Prior(nothing=0.1, chosen=0.0, few=0.0, bend=0.4, product=0.5, step=0.4)

_SPREADS: Mapping[float, float] = MappingProxyType({0.25: 0.25, 0.5: 0.25, 1.0: 0.25, 2.0: 0.25})
"""Standard deviation of the log-odds that straight columns make together, and how likely it is."""
_SPREADS_OF_FEW: Mapping[float, float] = MappingProxyType({0.7: 0.6, 1.5: 0.4})
_OTHER_SPREAD = MappingProxyType({BEND: 0.7, PRODUCT: 1.0, STEP: 1.0})
"""The same of the other kinds, where they count."""
_HOW_FEW = (1, 2, 3, 4, 6, 8)
_OF_CHOICE = 0.7
"""Power of the number of ways to choose so few predictors by which their one choice is the rarer.
Only the choice that the data point to is solved: others like it would share its weight."""
_CHOSEN_SDS = (0.35, 0.8)
"""Prior standard deviation of the coefficient of a column that was chosen."""
_MOST_CHOSEN = 8
_ALIKE = 1e-9
"""Nats by which what two columns tell may differ where they tell the same."""
_ONE_MORE = 0.5
"""How likely a number of chosen columns is, relative to one fewer."""
_POINT_SHARE = 0.25
"""Share of the point's own posterior in that of the interval: where the two disagree, the interval
covers both."""
_COUNTS = 1e-4
"""Weight below which a model is left out of a covariance."""


@dataclass(frozen=True, eq=False)
class _Model:
    """Prior variances of the effects, and the log prior by which point and range weigh it."""

    variances: FloatArray
    weights: tuple[float, float]


def _choose_log(n: int, k: int) -> float:
    return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def _log(share: float) -> float:
    return float(np.log(share)) if share > 0 else -np.inf


@lru_cache(maxsize=64)
def _weigh_spreads(
    straight: tuple[tuple[float, float], ...], others: tuple[int, ...]
) -> list[tuple[dict[int, float], tuple[float, float]]]:
    """Return all combinations of kinds, each with its spread, and their log priors.

    The priors of the combinations sum to 1, for the point and for the range.
    """
    found = []
    for (spread, likely), used in product(
        straight, list(product((False, True), repeat=len(others)))
    ):
        spreads = {STRAIGHT: spread}
        spreads |= {k: _OTHER_SPREAD[k] for k, on in zip(others, used, strict=True) if on}
        weights = []
        for prior in (POINT, RANGE):
            odds = [prior.weigh(k) if k in spreads else 1 - prior.weigh(k) for k in others]
            weights.append(_log(likely) + sum(map(_log, odds)))
        found.append((spreads, weights))
    total = logsumexp([weights for _, weights in found], axis=0)
    return [
        (spreads, (float(point - total[0]), float(range_ - total[1])))
        for spreads, (point, range_) in found
    ]


def _list_spreads(
    effects: Effects, among: BoolArray, straight: Mapping[float, float]
) -> Iterator[tuple[FloatArray, tuple[float, float]]]:
    """Yield the variances of all combinations of kinds, each kind sharing one spread.

    Kinds without a column cannot be had.
    """
    columns = {kind: among & (effects.kinds == kind) for kind in range(SWITCH)}
    others = tuple(kind for kind in (BEND, PRODUCT, STEP) if columns[kind].any())
    for spreads, weights in _weigh_spreads(tuple(straight.items()), others):
        variances = np.zeros(len(among))
        for kind, own in spreads.items():
            variances[columns[kind]] = own**2 / np.sum(columns[kind])
        yield variances, weights


def _list_all(effects: Effects) -> list[_Model]:
    """Return the models of nothing, and of all predictors."""
    n = len(effects.kinds)
    nothing = (_log(POINT.nothing), _log(RANGE.nothing))
    models = [_Model(np.zeros(n), nothing)]
    own = [_log((1 - p.nothing) * (1 - p.chosen) * (1 - p.few)) for p in (POINT, RANGE)]
    for variances, (point, range_) in _list_spreads(effects, np.ones(n, dtype=bool), _SPREADS):
        models.append(_Model(variances, (own[0] + point, own[1] + range_)))
    return models


def _list_few(effects: Effects, order: IntArray) -> list[_Model]:
    """Return the models of the first few predictors in an order."""
    models = []
    n_predictors = len(order)
    numbers = [k for k in _HOW_FEW if k < n_predictors]
    for k in numbers:
        inside = np.zeros(n_predictors, dtype=bool)
        inside[order[:k]] = True
        among = np.asarray(~(effects.needs & ~inside).any(axis=1))
        rare = -np.log(len(numbers)) - _OF_CHOICE * _choose_log(n_predictors, k)
        own = [_log((1 - p.nothing) * (1 - p.chosen) * p.few) + rare for p in (POINT, RANGE)]
        for variances, (point, range_) in _list_spreads(effects, among, _SPREADS_OF_FEW):
            models.append(_Model(variances, (own[0] + point, own[1] + range_)))
    return models


def _list_chosen(effects: Effects, y: FloatArray) -> list[_Model]:
    """Return the models of the columns that tell most, one more each time."""
    n = len(effects.kinds)
    most = min(_MOST_CHOSEN, n)
    likely = np.array([_ONE_MORE**k for k in range(1, most + 1)])
    likely /= likely.sum()
    models = []
    for sd in _CHOSEN_SDS:
        for k, columns in enumerate(_choose_columns(effects, y, sd=max(sd, 0.5), most=most), 1):
            variances = np.zeros(n)
            variances[columns] = sd**2
            rare = float(np.log(likely[k - 1] / len(_CHOSEN_SDS))) - _choose_log(n, k)
            own = [_log((1 - p.nothing) * p.chosen) + rare for p in (POINT, RANGE)]
            models.append(_Model(variances, (own[0], own[1])))
    return models


def _choose_columns(effects: Effects, y: FloatArray, *, sd: float, most: int) -> list[list[int]]:
    """Return the best column, the best two given that one, and so on.

    A column is the better the more a first step along it would gain, under a normal prior, beside
    those that were chosen before.
    """
    columns = effects.design[:, 1:]
    chosen: list[int] = []
    found: list[list[int]] = []
    design, prior = effects.design[:, :1], np.array([INTERCEPT_SD**2, *[sd**2] * most])
    risk, margin = np.full(len(y), float(np.mean(y))), None
    for _ in range(most):
        weight = np.sqrt(risk * (1 - risk))
        beside = np.linalg.qr(design * weight[:, np.newaxis])[0]
        scaled = columns * weight[:, np.newaxis]
        along = beside.T @ scaled
        apart = (y - risk) / weight
        told = np.sum(scaled**2, axis=0) - np.sum(along**2, axis=0)
        gain = apart @ scaled - (apart @ beside) @ along
        score = np.where(told > 1e-6 * len(y), gain**2 / (told + sd**-2), -1.0)
        score[chosen] = -1.0
        most_told = float(score.max())
        if most_told < 0:
            break
        # Of columns that tell the same the first: rounding would choose by the machine.
        best = int(np.argmax(score > most_told - _ALIKE))
        chosen = [*chosen, best]
        found.append(chosen)
        design = np.column_stack([design, columns[:, best]])
        margin = find_mode(design, y, prior[: design.shape[1]], start=margin).margin
        risk = expit(margin)
    return found


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
    models: list[_Model]
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
        weights = _POINT_SHARE * self.weigh(0) + (1 - _POINT_SHARE) * self.weigh(1)
        mean = self.find_coef(weights)
        away = self._coefs - mean
        covariance = (away.T * weights) @ away
        for place in np.flatnonzero(weights > _COUNTS):
            used = np.flatnonzero(self._priors[place])
            own = self.modes[place].find_covariance(*self._take(place))
            covariance[np.ix_(used, used)] += weights[place] * own
        way = self.effects.to_basis
        return mean @ way, way.T @ covariance @ way


def _solve(
    effects: Effects, y: FloatArray, models: Sequence[_Model], near: Sequence[Mode] = ()
) -> list[Mode]:
    """Return the modes of models, found from those that are near them or from one another."""
    modes: list[Mode] = []
    start = None
    for place, model in enumerate(models):
        start = near[place].margin if near else start
        used = np.flatnonzero(model.variances)
        prior = np.concatenate([[INTERCEPT_SD**2], model.variances[used]])
        design = effects.design[:, [0, *(1 + used)]]
        modes.append(find_mode(design, y, prior, start=start))
        start = modes[-1].margin
    return modes


def _order_predictors(effects: Effects, coef: FloatArray) -> IntArray:
    """Return the predictors, those first that tell the patients most apart."""
    spread = [np.var(effects.columns[:, own] @ coef[own]) for own in effects.needs.T]
    return np.argsort(-np.array(spread), kind="stable")


def fit_evidence(effects: Effects, y: FloatArray) -> Evidence:
    """Weigh all models by their evidence.

    Parameters
    ----------
    effects : Effects
        Of the patients.
    y : ndarray of shape (n,)
        Outcome, 0 or 1, both present.
    """
    models = _list_all(effects)
    modes = _solve(effects, y, models)
    every = _Mixture(effects, models, modes)
    if effects.has_gaps:
        effects = effects.dampen(every.find_coef(every.weigh(0))[1:])
        modes = _solve(effects, y, models, near=modes)
        every = _Mixture(effects, models, modes)
    order = _order_predictors(effects, every.find_coef(every.weigh(0))[1:])
    more = [*_list_few(effects, order), *_list_chosen(effects, y)]
    mixture = _Mixture(effects, [*models, *more], [*modes, *_solve(effects, y, more)])
    weights = mixture.weigh(0)
    margins = np.stack([mode.margin for mode in mixture.modes])
    margin = weights @ margins
    variances = np.stack([mode.variance for mode in mixture.modes])
    variance = weights @ (variances + margins**2) - margin**2
    slope = float(draw_in(variance).mean())
    shift = fit_intercept(slope * margin, float(np.mean(y)))
    coef = slope * (mixture.find_coef(weights) @ effects.to_basis)
    told = np.stack([mode.information for mode in mixture.modes]) * variances
    return Evidence(
        intercept=float(coef[0]) + shift,
        coef=np.concatenate([[0.0], coef[1:]]),
        nothing=float(weights[0]),
        effective=max(float(weights @ told.sum(axis=1)) - 1.0, 0.0),
        _slope=slope,
        _shift=shift,
        _mixture=mixture,
    )
