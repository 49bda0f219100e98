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
        self._others = others
        self._n_predictors = n = outcomes[0].basis.n_features_in_
        self._has_pairs = any(outcome.pair_coef.size for outcome in outcomes)
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
        parts = zip(self._outcomes, columns, self._others, alone, together, strict=False)
        for outcome, Z, others, own, both in parts:
            _add_pairs(outcome, Z, others, own, both)
        return Gains(alone, together)


def _add_pairs(
    outcome: OutcomeModel,
    Z: FloatArray,
    others: FloatArray,
    alone: FloatArray,
    together: FloatArray,
) -> None:
    """Add what the pairs of one outcome do, in place."""
    moved, coef, groups = Z - others, outcome.pair_coef, outcome.basis.groups_
    left, right = outcome.pairs.T
    np.add.at(alone.T, groups[left], (coef * moved[:, left] * others[:, right]).T)
    np.add.at(alone.T, groups[right], (coef * others[:, left] * moved[:, right]).T)
    both = (coef * moved[:, left] * moved[:, right]).T
    by_pair = together.transpose(1, 2, 0)
    np.add.at(by_pair, (groups[left], groups[right]), both)
    np.add.at(by_pair, (groups[right], groups[left]), both)
