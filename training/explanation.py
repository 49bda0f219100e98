"""Shapley values of the probability that is served.

What is explained is :meth:`ResponseModel.probability` itself: after the blend, the recalibration
and, at the second horizon, the product of the two outcomes. A coalition S of predictors is worth
the mean served probability over the background rows with the patient's values put in for S
(interventional Shapley values). The base is the mean over the background; base plus
contributions is the served probability.

References
----------
Shapley, A value for n-person games, 1953, doi:10.1515/9781400881970-018.
Strumbelj and Kononenko, Explaining prediction models and individual predictions with feature
contributions, 2014, doi:10.1007/s10115-013-0679-x (the interventional game, sampled orders).
Mitchell et al., Sampling permutations for Shapley value estimation, 2022,
https://jmlr.org/papers/v23/21-0439.html (antithetic pairs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from training.response_model import ResponseModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explainer", "Explanation", "explain", "explain_rows", "global_importance"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

_MOST_ACTIVE = 16
"""Most predictors of one background row whose coalitions are all counted (65 536 of them)."""
_BLOCK = 1 << 17
"""Coalitions worked on at once: 1 MB per horizon, near what a processor's cache holds."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each predictor adds to the probability of one patient, at each horizon.

    A contribution says how the model uses a value, not what would happen if it were changed.

    Parameters
    ----------
    scale : str
        "probability": contributions are differences of probability, within [-1, 1].
    method : str
        How the numbers came about, in plain words.
    base : ndarray of shape (n_horizons,)
        Mean served probability over the background: the estimate when nothing is known.
    contributions : ndarray of shape (n_horizons, n_predictors)
        ``base + contributions.sum(axis=1)`` is the served probability.
    error : ndarray of shape (n_horizons,)
        Largest Monte Carlo standard error of the horizon's contributions; 0 when they are exact.
    """

    scale: str
    method: str
    base: FloatArray
    contributions: FloatArray
    error: FloatArray


@lru_cache(maxsize=_MOST_ACTIVE)
def _shapley_weights(k: int) -> FloatArray:
    """Return the matrix (2**k, k) that turns the worth of coalitions into Shapley values.

    Coalition c holds predictor j when bit j of c is set. A predictor's value is its mean gain
    on joining, over all orders: a coalition of s others goes before it in a share
    1 / (k * comb(k - 1, s)) of the orders.
    """
    holds = (np.arange(2**k)[:, np.newaxis] >> np.arange(k) & 1).astype(bool)
    size = holds.sum(axis=1)
    share = 1.0 / (k * comb(k - 1, np.arange(k)))
    joined = np.append(0.0, share)[size]
    before = np.append(share, 0.0)[size]
    weights = np.where(holds, joined[:, np.newaxis], -before[:, np.newaxis])
    weights.flags.writeable = False  # shared by every caller
    return np.asarray(weights)


def _label(rows: IntArray, holds: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the first index of each distinct (row, coalition), and which of them each is."""
    label, first = rows, np.arange(len(rows))
    for start in range(0, holds.shape[1], 32):
        part = holds[:, start : start + 32]
        bits = part @ (1 << np.arange(part.shape[1]))
        _, first, label = np.unique(label << 32 | bits, return_index=True, return_inverse=True)
    return first, label


class Explainer:
    """Explain one model's probabilities, patient by patient.

    Without trees the log-odds are a sum over predictors, and the values are exact: for each
    background row all coalitions are counted of those predictors whose part in the log-odds
    differs from the patient's; the others are dummies there and get 0. With trees, or with more
    than 16 such predictors in a row, predictors are put in one by one in orders drawn at random,
    each order also in reverse, over all background rows; every order adds up to the same total,
    so that the sum is right and only its division has a Monte Carlo error.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    seed : int
        Seed of the orders. They are drawn once, so that a patient always gets the same numbers.
    n_permutations : int
        Orders, reverse ones included: an even number of at least 4.

    Raises
    ------
    ValueError
        If `n_permutations` is odd or below 4.
    """

    def __init__(self, model: ResponseModel, *, seed: int = 0, n_permutations: int = 20) -> None:
        if n_permutations < 4 or n_permutations % 2:
            raise ValueError(f"n_permutations must be even and at least 4, got {n_permutations}")
        self._model = model
        self._seed = seed
        self._outcomes = [model.first] if model.kept is None else [model.first, model.kept]
        self._served = model.probability(model.background)
        self._terms = np.stack([outcome.terms(model.background) for outcome in self._outcomes])
        intercepts = np.array([outcome.intercept for outcome in self._outcomes])
        self._margins = intercepts[:, np.newaxis] + self._terms.sum(axis=2)
        n_predictors = model.background.shape[1]
        rng = np.random.default_rng(seed)
        drawn = rng.permuted(np.tile(np.arange(n_predictors), (n_permutations // 2, 1)), axis=1)
        self._orders = np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, n_predictors)

    def explain(self, x: FloatArray) -> Explanation:
        """Return the explanation of one patient's probabilities.

        Parameters
        ----------
        x : ndarray of shape (n_predictors,)
            Raw predictors, NaN where missing.

        Returns
        -------
        Explanation
            A positive contribution raises the probability above what it would be without
            knowing the value; contributions smaller than a few times `error` are not told
            from 0.

        Raises
        ------
        ValueError
            If `x` has another shape.
        """
        x = np.asarray(x, dtype=np.float64)
        n_rows, n_predictors = self._model.background.shape
        if x.shape != (n_predictors,):
            raise ValueError(f"x must have shape ({n_predictors},), got {x.shape}")
        served = self._model.probability(x[np.newaxis])[0]
        exact = np.zeros(len(served))
        if self._model.is_constant:
            method = "none needed: the model gives everyone the same probability"
            nothing = np.zeros((len(served), n_predictors))
            return Explanation("probability", method, served, nothing, exact)
        base = self._served.mean(axis=0)
        if not self._model.has_trees:
            terms = np.stack([outcome.terms(x[np.newaxis]) for outcome in self._outcomes])
            gains = terms - self._terms
            active = np.any(gains != 0.0, axis=0)
            if active.sum(axis=1).max() <= _MOST_ACTIVE:
                method = f"exact Shapley values over {n_rows} background rows"
                contributions = self._count_coalitions(gains, active, served)
                return Explanation("probability", method, base, contributions, exact)
        method = (
            f"antithetic permutations ({len(self._orders) // 2} pairs, seed {self._seed}) "
            f"over {n_rows} background rows"
        )
        return Explanation("probability", method, base, *self._sample_orders(x))

    def _count_coalitions(
        self, gains: FloatArray, active: BoolArray, served: FloatArray
    ) -> FloatArray:
        """Return the exact contributions (n_horizons, n_predictors).

        `gains` (n_outcomes, n_rows, n_predictors) is what putting in the patient's value adds to
        the log-odds of each row.
        """
        contributions = np.zeros((len(served), *active.shape))
        counts = active.sum(axis=1)
        for k in range(1, int(counts.max()) + 1):
            group = np.flatnonzero(counts == k)
            step = max(_BLOCK >> k, 1)
            for start in range(0, len(group), step):
                rows = group[start : start + step]
                columns = np.nonzero(active[rows])[1].reshape(-1, k)
                cells = rows[:, np.newaxis], columns
                worth = self._worth(self._margins[:, rows], gains[:, *cells])
                # Both ends are served probabilities: taking them as served keeps the sum right
                # also where a recalibration step turns a last bit into a difference.
                worth[:, :, 0] = self._served[rows].T
                worth[:, :, -1] = served[:, np.newaxis]
                contributions[:, *cells] = worth @ _shapley_weights(k)
        return np.asarray(contributions.mean(axis=1))

    def _worth(self, margins: FloatArray, gains: FloatArray) -> FloatArray:
        """Return the probabilities (n_horizons, n_rows, 2**k) of all coalitions of k predictors.

        Bit j of a coalition's number tells whether predictor j is in it, so that each predictor
        doubles the coalitions before it.
        """
        k = gains.shape[2]
        sums = np.empty((*margins.shape, 2**k))
        sums[:, :, 0] = margins
        for j in range(k):
            half = 1 << j
            np.add(sums[:, :, :half], gains[:, :, j : j + 1], out=sums[:, :, half : 2 * half])
        for outcome, part in zip(self._outcomes, sums, strict=True):
            part[...] = outcome.finish(part)
        sums[1:] *= sums[0]
        return sums

    def _sample_orders(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return sampled contributions (n_horizons, n_predictors) and errors (n_horizons,)."""
        background = self._model.background
        n_rows, n_predictors = background.shape
        n_orders = len(self._orders)
        # Which predictors are in after each step of each order: (n_orders, n_steps, n_predictors)
        place = np.argsort(self._orders, axis=1)
        holds = place[:, np.newaxis] < np.arange(n_predictors + 1)[:, np.newaxis]
        # A value that the background row has already changes nothing: such coalitions are one.
        same = (background == x) | (np.isnan(background) & np.isnan(x))
        holds = (holds[:, :, np.newaxis] & ~same).reshape(-1, n_predictors)
        rows = np.tile(np.arange(n_rows), n_orders * (n_predictors + 1))
        first, label = _label(rows, holds)
        mixed = np.where(holds[first], x, background[rows[first]])
        worth = self._model.probability(mixed)[label]
        path = worth.reshape(n_orders, n_predictors + 1, n_rows, -1).mean(axis=2)
        sampled = np.empty((n_orders, n_predictors, path.shape[2]))
        np.put_along_axis(sampled, self._orders[:, :, np.newaxis], np.diff(path, axis=1), axis=1)
        pairs = sampled.reshape(-1, 2, *sampled.shape[1:]).mean(axis=1)
        spread = pairs.std(axis=0, ddof=1).max(axis=0)
        return pairs.mean(axis=0).T, np.asarray(spread / np.sqrt(len(pairs)))


def explain(model: ResponseModel, x: FloatArray, *, seed: int = 0) -> Explanation:
    """Return the explanation of one patient's probabilities; see :class:`Explainer`.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    x : ndarray of shape (n_predictors,)
        Raw predictors, NaN where missing.
    seed : int
        Seed of the orders, where they are drawn.
    """
    return Explainer(model, seed=seed).explain(x)


def explain_rows(model: ResponseModel, X: FloatArray, *, seed: int = 0) -> list[Explanation]:
    """Return one explanation for each row.

    Parameters
    ----------
    model : ResponseModel
        The model that is served.
    X : ndarray of shape (n, n_predictors)
        Rows to explain: the model's background, not patients, where the result is kept.
    seed : int
        Seed of the orders, where they are drawn.
    """
    explainer = Explainer(model, seed=seed)
    return [explainer.explain(x) for x in X]


def global_importance(model: ResponseModel, explanations: Sequence[Explanation]) -> pd.DataFrame:
    """Return how far each predictor moves the probability, on average.

    Parameters
    ----------
    model : ResponseModel
        Names the predictors and horizons.
    explanations : sequence of Explanation
        Of this model, at least one.

    Returns
    -------
    DataFrame
        One row per horizon and predictor: ``predictor``, ``horizon`` and
        ``mean_absolute_contribution``, in probability (0.05 is five percentage points). It tells
        how much the model uses a predictor, not whether the predictor matters to patients.

    Raises
    ------
    ValueError
        If there are no explanations.
    """
    import pandas as pd

    if not explanations:
        raise ValueError("there must be at least one explanation")
    moved = np.mean([np.abs(each.contributions) for each in explanations], axis=0)
    return pd.DataFrame(
        {
            "predictor": list(model.predictors) * len(model.horizons),
            "horizon": np.repeat(model.horizons, len(model.predictors)),
            "mean_absolute_contribution": moved.ravel(),
        }
    )
