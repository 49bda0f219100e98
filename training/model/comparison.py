"""What putting in a patient's values adds to the log-odds of others, trees left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import FloatArray
from training.model.gains import Gains
from training.model.response_model import OutcomeModel

__all__ = ["RowComparison"]


class RowComparison:
    """Others' rows, to be compared with a patient's.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient: bases of the same raw predictors.
    others : sequence of ndarray of shape (n_rows, n_columns)
        For each outcome the others' rows of its basis.
    """

    def __init__(self, outcomes: Sequence[OutcomeModel], others: Sequence[FloatArray]) -> None:
        self._outcomes = outcomes
        self._n_predictors = n = outcomes[0].basis.n_features_in_
        self._has_pairs = any(outcome.pair_coef.size for outcome in outcomes)
        self._pairs = [_Pairs(outcome, Z) for outcome, Z in zip(outcomes, others, strict=True)]
        # Columns of all outcomes beneath one another, each whole in memory.
        self._below = np.ascontiguousarray(np.concatenate([Z.T for Z in others]))
        self._coef = np.concatenate([outcome.coef for outcome in outcomes])[:, np.newaxis]
        places = np.concatenate([o.basis.groups_ + n * h for h, o in enumerate(outcomes)])
        self._starts = np.flatnonzero(np.diff(places, prepend=-1))
        self._filled = places[self._starts]

    def compare(self, columns: Sequence[FloatArray]) -> Gains:
        """Return what each predictor of the patient adds to each row, and what two add together.

        Parameters
        ----------
        columns : sequence of ndarray of shape (1, n_columns) or (n_rows, n_columns)
            For each outcome the patient's row of its basis, or one to be put into each of the
            others. More than there are outcomes are left aside.
        """
        n_outcomes = len(self._outcomes)
        moved = np.concatenate([Z.T for Z in columns[:n_outcomes]]) - self._below
        moved *= self._coef
        sums = moved
        if len(self._starts) < len(moved):
            sums = np.add.reduceat(moved, self._starts, axis=0)
        if len(sums) < n_outcomes * self._n_predictors:
            some, sums = sums, np.zeros((n_outcomes * self._n_predictors, moved.shape[1]))
            sums[self._filled] = some
        alone = sums.reshape(n_outcomes, self._n_predictors, -1).swapaxes(1, 2)
        if not self._has_pairs:
            return Gains(alone)
        together = np.zeros((*alone.shape, self._n_predictors))
        for pairs, Z, own, both in zip(self._pairs, columns, alone, together, strict=False):
            pairs.add(Z, own, both)
        return Gains(alone, together)


class _Pairs:
    """The pairs of one outcome, with the side of the others' rows."""

    def __init__(self, outcome: OutcomeModel, others: FloatArray) -> None:
        groups = outcome.basis.groups_
        self._left, self._right = np.ascontiguousarray(outcome.pairs.T)
        self._coef = outcome.pair_coef
        self._of_left = others.take(self._left, axis=1)
        self._of_right = others.take(self._right, axis=1)
        # Which pairs of columns are of which predictor, and of which two: sums are products.
        first, second = groups[self._left], groups[self._right]
        players = np.arange(outcome.basis.n_features_in_)
        self._by_first = (first[:, np.newaxis] == players).astype(np.float64)
        self._by_second = (second[:, np.newaxis] == players).astype(np.float64)
        meeting = np.stack([np.minimum(first, second), np.maximum(first, second)])
        (self._low, self._high), which = np.unique(meeting, axis=1, return_inverse=True)
        meetings = np.arange(len(self._low))
        self._by_both = (which.reshape(-1, 1) == meetings).astype(np.float64)

    def add(self, Z: FloatArray, alone: FloatArray, together: FloatArray) -> None:
        """Add what the pairs do to gains (n_rows, n_predictors) and those of two, in place."""
        left = Z.take(self._left, axis=1) - self._of_left
        right = Z.take(self._right, axis=1) - self._of_right
        left *= self._coef
        alone += (left * self._of_right) @ self._by_first
        alone += (right * self._of_left * self._coef) @ self._by_second
        both = (left * right) @ self._by_both
        together[:, self._low, self._high] = both
        together[:, self._high, self._low] = both
