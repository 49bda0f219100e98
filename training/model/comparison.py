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
        self._n_outcomes, self._n_predictors = n, k = (
            len(outcomes),
            outcomes[0].basis.n_features_in_,
        )
        # Columns of all outcomes beneath one another, each whole in memory; each outcome has
        # places of its own for the predictors.
        self._below = np.ascontiguousarray(np.concatenate([Z.T for Z in others]))
        starts = np.cumsum([0, *(len(outcome.coef) for outcome in outcomes)])
        places = np.concatenate([o.basis.groups_ + k * h for h, o in enumerate(outcomes)])
        pairs = np.concatenate([o.pairs + s for o, s in zip(outcomes, starts, strict=False)])
        self._left, self._right = np.ascontiguousarray(pairs.T)
        self._of_left, self._of_right = self._below[self._left], self._below[self._right]
        # Which columns and pairs of columns are of which predictor, and of which two: what these
        # add is one product.
        coef = np.concatenate([outcome.coef for outcome in outcomes])
        pair_coef = np.concatenate([outcome.pair_coef for outcome in outcomes])
        first, second = places[self._left], places[self._right]
        owner, weight = np.r_[places, first, second], np.r_[coef, pair_coef, pair_coef]
        self._alone = np.where(np.arange(n * k)[:, np.newaxis] == owner, weight, 0.0)
        meeting = np.stack([np.minimum(first, second), np.maximum(first, second)])
        (low, high), which = np.unique(meeting, axis=1, return_inverse=True)
        meetings = np.arange(len(low))[:, np.newaxis]
        self._together = np.where(meetings == which.ravel(), pair_coef, 0.0)
        self._meet = low // k, low % k, high % k

    def compare(self, columns: Sequence[FloatArray], *, n_patients: int = 1) -> Gains:
        """Return what each predictor of a patient adds to each row, and what two add together.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n_patients, n_columns)
            For each outcome the patient's row of its basis, or as many as there are others, one to
            be put into each of them: (n_patients * n_rows, n_columns). More than there are outcomes
            are left aside.
        n_patients : int
            Each is compared with all the others: of the gains, n_rows are those of the first
            patient, then come those of the second.
        """
        n, k = self._n_outcomes, self._n_predictors
        n_columns, n_others = self._below.shape
        n_pairs, n_rows = len(self._left), n_patients * n_others
        added = np.empty((n_columns + 2 * n_pairs, n_patients, n_others))
        moved = added[:n_columns]
        own = np.concatenate([Z.T for Z in columns[:n]]).reshape(n_columns, n_patients, -1)
        np.subtract(own, self._below[:, np.newaxis], out=moved)
        if not n_pairs:
            alone = self._alone @ added.reshape(-1, n_rows)
            return Gains(alone.reshape(n, k, n_rows).swapaxes(1, 2))
        left, right = moved[self._left], moved[self._right]
        np.multiply(left, self._of_right[:, np.newaxis], out=added[n_columns:-n_pairs])
        np.multiply(right, self._of_left[:, np.newaxis], out=added[-n_pairs:])
        left *= right
        both = self._together @ left.reshape(n_pairs, n_rows)
        together = np.zeros((n, k, k, n_rows))
        at, low, high = self._meet
        together[at, low, high] = both
        together[at, high, low] = both
        alone = (self._alone @ added.reshape(-1, n_rows)).reshape(n, k, n_rows)
        return Gains(alone.swapaxes(1, 2), np.moveaxis(together, 3, 1))
