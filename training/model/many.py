"""Shapley values of many patients at once: the numbers of `Explainer.explain`, block by block.

What a coalition is worth to a patient is a mean over background rows, and the log-odds behind it
are a sum over predictors and pairs of them. Those of a block of patients and of all background rows
are therefore one product of two small matrices: what is the patient's in a coalition, what is the
row's, and for a pair of which one is in and the other is not, the one's column times the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.coalitions import shapley_weights
from training.model.explanation import Attribution, Explainer
from training.model.response_model import OutcomeModel, ResponseModel

__all__ = ["ManyExplainer"]

_MOST_PREDICTORS = 10
"""Most predictors whose coalitions are all counted over all rows; beyond, one patient at a time."""
_CELLS = 1 << 16
"""Patients times background rows at once: half a megabyte, which a processor's cache holds."""


@dataclass(frozen=True, eq=False)
class Attributions:
    """What each predictor adds to the probabilities of many patients.

    Parameters
    ----------
    base : ndarray of shape (n, n_horizons)
        Mean served probability over the background; see :class:`Attribution`.
    contributions : ndarray of shape (n, n_horizons, n_predictors)
        Base plus their sum is the served probability.
    """

    base: FloatArray
    contributions: FloatArray


@dataclass(frozen=True, eq=False)
class _Coalition:
    """The two sides of one coalition's log-odds, for one outcome.

    Parameters
    ----------
    inside : ndarray of shape (n_columns,)
        Coefficients of the columns that are the patient's, 0 for the others.
    pairs : ndarray of shape (n_pairs,)
        Coefficients of the pairs that are the patient's on both sides.
    mixed : ndarray of int of shape (n_mixed,)
        The patient's column of each pair that is only in part hers.
    rows : ndarray of shape (2 + n_mixed, n_background)
        The side of the background rows.
    """

    inside: FloatArray
    pairs: FloatArray
    mixed: IntArray
    rows: FloatArray


class ManyExplainer:
    """Explain one model's probabilities, many patients at a time.

    Gives the numbers of :meth:`Explainer.explain` but for rounding (1e-14). Where those are not a
    matter of a few small products (trees, an isotonic step that a last bit decides, a group, more
    than ten predictors), it is asked for each patient in turn.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    explainer : Explainer
        Of the same model.
    """

    def __init__(self, model: ResponseModel, explainer: Explainer) -> None:
        self._model, self._explainer = model, explainer
        self._outcomes = [model.first] if model.kept is None else [model.first, model.kept]
        self._is_plain = (
            not model.has_trees
            and not model.is_constant
            and not any(outcome.isotonic_x.size for outcome in self._outcomes)
            and len(model.predictors) <= _MOST_PREDICTORS
        )
        self._base = model.probability(model.background).mean(axis=0)
        self._coalitions = self._prepare() if self._is_plain else []

    def _prepare(self) -> list[list[_Coalition]]:
        """Return each coalition of some predictors, but not all, for each outcome."""
        k = len(self._model.predictors)
        holds = (np.arange(2**k)[:, np.newaxis] >> np.arange(k) & 1).astype(bool)
        expanded = [outcome.basis.expand(self._model.background) for outcome in self._outcomes]
        return [
            [
                _prepare_coalition(outcome, Z, inside)
                for outcome, Z in zip(self._outcomes, expanded, strict=True)
            ]
            for inside in holds[1:-1]
        ]

    def explain(self, X: FloatArray, served: FloatArray) -> Attributions:
        """Return the explanations of patients' probabilities.

        Parameters
        ----------
        X : ndarray of shape (n, n_predictors)
            Raw predictors, NaN where missing.
        served : ndarray of shape (n, n_horizons)
            Their probabilities, as :meth:`ResponseModel.probability` gives them.
        """
        n, n_predictors = X.shape
        base = np.tile(self._base, (n, 1))
        values = np.empty((n, len(self._base), n_predictors))
        if not self._is_plain:
            for i, x in enumerate(X):
                found: Attribution = self._explainer.explain(x)
                base[i], values[i] = found.base, found.contributions
            return Attributions(base, values)
        gaps = self._model.gaps
        open_ = np.zeros(n, dtype=bool)
        if gaps is not None:
            open_[gaps.find(X)] = True
        step = max(_CELLS // len(self._model.background), 1)
        for some in _cut(np.flatnonzero(~open_), step):
            values[some] = self._value(X[some][np.newaxis], served[some])
        for some in _cut(np.flatnonzero(open_), step):
            assert gaps is not None
            values[some] = self._value(gaps.fill(X[some]).swapaxes(0, 1), served[some])
        return Attributions(base, values)

    def _value(self, rows: FloatArray, served: FloatArray) -> FloatArray:
        """Return the values (n, n_horizons, n_predictors) of a block of patients.

        Parameters
        ----------
        rows : ndarray of shape (1 or n_background, n, n_predictors)
            The patients, with their gaps filled in one way for each background row.
        served : ndarray of shape (n, n_horizons)
            Their probabilities.
        """
        n_ways, n, k = rows.shape
        worth = np.empty((n, len(self._base), 2**k))
        worth[:, :, 0], worth[:, :, -1] = self._base, served
        sides = []
        for outcome in self._outcomes:
            Z = outcome.basis.expand(rows.reshape(-1, k)).reshape(n_ways, n, -1)
            left, right = outcome.pairs.T
            sides.append((Z, Z[:, :, left] * Z[:, :, right]))
        n_rows = len(self._model.background)
        for number, outcomes in enumerate(self._coalitions, start=1):
            before: FloatArray | float = 1.0
            for h, (coalition, side) in enumerate(zip(outcomes, sides, strict=True)):
                before = self._outcomes[h].finish(_add_up(coalition, *side)) * before
                worth[:, h, number] = before.sum(axis=(0, 2)) / n_rows
        return np.asarray(worth @ shapley_weights(k))


def _prepare_coalition(outcome: OutcomeModel, Z: FloatArray, holds: BoolArray) -> _Coalition:
    """Return a coalition of predictors (n_predictors,) beside background rows `Z` of the basis."""
    inside = holds[outcome.basis.groups_]
    left, right = outcome.pairs.T
    both = inside[left] & inside[right]
    neither = ~inside[left] & ~inside[right]
    rest = (
        outcome.intercept
        + Z @ np.where(inside, 0.0, outcome.coef)
        + (Z[:, left] * Z[:, right]) @ np.where(neither, outcome.pair_coef, 0.0)
    )
    by_left = np.flatnonzero(inside[left] & ~inside[right])
    by_right = np.flatnonzero(inside[right] & ~inside[left])
    columns, inverse = np.unique(
        np.concatenate([left[by_left], right[by_right]]), return_inverse=True
    )
    others = np.concatenate(
        [
            Z[:, right[by_left]] * outcome.pair_coef[by_left],
            Z[:, left[by_right]] * outcome.pair_coef[by_right],
        ],
        axis=1,
    )
    # A column of the patient's that goes together with several of the row's: one sum for them.
    mixed = np.zeros((len(columns), len(Z)))
    np.add.at(mixed, inverse.ravel(), others.T)
    return _Coalition(
        np.where(inside, outcome.coef, 0.0),
        np.where(both, outcome.pair_coef, 0.0),
        columns,
        np.vstack([np.ones(len(Z)), rest, mixed]),
    )


def _add_up(coalition: _Coalition, Z: FloatArray, products: FloatArray) -> FloatArray:
    """Return log-odds (1, n, n_background), or (n_background, n, 1) where each row has its own."""
    n_ways, n = Z.shape[:2]
    own = np.empty((n_ways, n, len(coalition.rows)))
    own[:, :, 0] = Z @ coalition.inside + products @ coalition.pairs
    own[:, :, 1] = 1.0
    own[:, :, 2:] = Z[:, :, coalition.mixed]
    rows = coalition.rows[np.newaxis] if n_ways == 1 else coalition.rows.T[:, :, np.newaxis]
    return np.asarray(own @ rows)


def _cut(places: IntArray, step: int) -> list[IntArray]:
    """Return places in blocks of at most `step`."""
    return [places[start : start + step] for start in range(0, len(places), step)]
