"""What a missing value may be, given the patient's others.

A patient whose pain score is not known is not one with a middling score. Her estimate is the mean
over the scores that she may have, given what else is known of her, and her interval holds where her
risk would lie were it known. The predictors are taken as a normal copula: each has the margin that
it had in training, and their normal scores go together as there; Hoff 2007,
doi:10.1214/07-AOAS107.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from features.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Gaps", "average_by_patient", "average_fillings", "compute_normal_scores"]

_TIES = 0
"""Seed of the order among equal values."""
_AT_ONCE = 20_000
"""Rows judged at once, so that memory stays small."""
_PATTERNS = 256
"""Most combinations of gaps of which the arithmetic is kept."""


def compute_normal_scores(X: FloatArray, values: FloatArray) -> FloatArray:
    """Return the normal scores of values within the margins of others.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        NaN where missing.
    values : ndarray of shape (n_values, n_predictors)
        The margins. A column with NaN has none.

    Returns
    -------
    ndarray of shape (n, n_predictors)
        Standard normal in the margins; equal values share the middle of theirs. NaN where missing,
        and 0 where a predictor has no margin.
    """
    n = len(values)
    scores = np.full(X.shape, np.nan)
    for j, margin in enumerate(np.sort(values, axis=0).T):
        known = ~np.isnan(X[:, j])
        if np.isnan(margin[-1]):
            scores[known, j] = 0.0
            continue
        below = np.searchsorted(margin, X[known, j], side="left")
        up_to = np.searchsorted(margin, X[known, j], side="right")
        place = np.clip((below + up_to) / (2 * n), 0.5 / n, 1 - 0.5 / n)
        scores[known, j] = ndtri(place)
    return scores


@dataclass(frozen=True, eq=False)
class Gaps:
    """How missing values are filled: not once, but in as many ways as there are rows here.

    Row r of `values` fills a patient's gaps by what it has in them, moved by what the patient's
    known values tell of them. Where nothing goes together, the gaps are filled by the row itself.

    Parameters
    ----------
    values : ndarray of shape (n_fills, n_predictors)
        Each column holds the margin of a predictor in an order of its own, so that no row is a
        patient; NaN throughout where no value was ever seen.
    correlation : ndarray of shape (n_predictors, n_predictors)
        Between normal scores; positive definite.
    """

    values: FloatArray
    correlation: FloatArray

    def find(self, X: FloatArray) -> IntArray:
        """Return the positions of the rows of `X` (n, n_columns) that have a gap."""
        return np.flatnonzero(np.isnan(X[:, : self.values.shape[1]]).any(axis=1))

    def fill(self, X: FloatArray, *, n_fills: int | None = None) -> FloatArray:
        """Return the patients with their gaps filled in every way.

        Parameters
        ----------
        X : ndarray of shape (n, n_columns)
            Raw predictors, NaN where missing. Columns behind the predictors are left as they are.
        n_fills : int or None
            Use the first so many rows of `values`; None for all.

        Returns
        -------
        ndarray of shape (n, n_fills, n_columns)
        """
        n_fills = len(self.values) if n_fills is None else n_fills
        n_predictors = self.values.shape[1]
        margins, own = self._margins, self._own_scores[:n_fills]
        scores = compute_normal_scores(X[:, :n_predictors], self.values)
        filled = np.repeat(X[:, np.newaxis], n_fills, axis=1)
        missing = np.isnan(scores)
        patterns, pattern = np.unique(missing, axis=0, return_inverse=True)
        for number, gap in enumerate(patterns):
            if not gap.any():
                continue
            patients = np.flatnonzero(pattern.ravel() == number)
            told, root = self._condition(gap)
            # Sums over columns, not matrix products: a patient alone gets the bits of a batch.
            moved = np.sum(scores[patients][:, np.newaxis, ~gap] * told, axis=2)
            spread = np.sum(own[:, np.newaxis, gap] * root, axis=2)
            place = ndtr(moved[:, np.newaxis] + spread)
            rank = np.minimum((place * len(margins)).astype(np.intp), len(margins) - 1)
            cells = np.ix_(patients, np.arange(n_fills), np.flatnonzero(gap))
            filled[cells] = np.take_along_axis(
                np.broadcast_to(margins[:, gap], (len(patients), *margins[:, gap].shape)),
                rank,
                axis=1,
            )
        return filled

    def __getstate__(self) -> dict[str, FloatArray]:
        """Return what is stored and sent: what was worked out on the way is not."""
        return {"values": self.values, "correlation": self.correlation}

    @cached_property
    def _margins(self) -> FloatArray:
        """The values of each predictor in their order."""
        return np.sort(self.values, axis=0)

    @cached_property
    def _own_scores(self) -> FloatArray:
        """The normal score of each value in its column."""
        return np.asarray(ndtri((self._find_ranks() + 0.5) / len(self.values)))

    @cached_property
    def _conditions(self) -> dict[bytes, tuple[FloatArray, FloatArray]]:
        """What :meth:`_condition` found of the gaps that were met first."""
        return {}

    def _find_ranks(self) -> IntArray:
        """Return the rank of each value in its column, equal ones in an order of no meaning."""
        noise = np.random.default_rng(_TIES).random(self.values.shape)
        return np.argsort(np.lexsort((noise, self.values), axis=0), axis=0)

    def _condition(self, gap: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return what known scores tell of missing ones, and the root of the variance left."""
        found = self._conditions.get(gap.tobytes())
        if found is None:
            R = self.correlation
            told = np.linalg.solve(R[np.ix_(~gap, ~gap)], R[np.ix_(~gap, gap)]).T
            left = R[np.ix_(gap, gap)] - told @ R[np.ix_(~gap, gap)]
            found = np.asarray(told), np.asarray(np.linalg.cholesky(left))
            if len(self._conditions) < _PATTERNS:
                self._conditions[gap.tobytes()] = found
        return found


def average_fillings(
    judge: Callable[[FloatArray], FloatArray], X: FloatArray, gaps: Gaps | None
) -> FloatArray:
    """Return the mean over all fillings of what patients are judged to be.

    Parameters
    ----------
    judge : callable
        Raw predictors (m, n_columns) to an array (m, ...).
    X : ndarray of shape (n, n_columns)
        Raw predictors, NaN where missing.
    gaps : Gaps or None
        How gaps are filled; None: as `judge` does.

    Returns
    -------
    ndarray of shape (n, ...)
        The same for a patient alone and among others.
    """
    found = judge(X)
    if gaps is None:
        return found
    n_fills, open_ = len(gaps.values), gaps.find(X)
    at_once = max(_AT_ONCE // n_fills, 1)
    for start in range(0, len(open_), at_once):
        some = open_[start : start + at_once]
        judged = judge(gaps.fill(X[some]).reshape(-1, X.shape[1]))
        found[some] = average_by_patient(judged, len(some))
    return found


def average_by_patient(judged: FloatArray, n_patients: int) -> FloatArray:
    """Return the mean (n_patients, ...) over fillings that lie one patient after the other.

    Parameters
    ----------
    judged : ndarray of shape (n_patients * n_fills, ...)
        What each filling is judged to be.
    n_patients : int
        At least 1.
    """
    by_patient = judged.reshape(n_patients, -1, *judged.shape[1:])
    # Added one by one: how many patients there are does not change the bits.
    return np.asarray(np.cumsum(by_patient, axis=1)[:, -1] / by_patient.shape[1])
