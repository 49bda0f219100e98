"""What coalitions of predictors add to log-odds that are a sum over predictors and their pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Gains"]


@dataclass(frozen=True, eq=False)
class Gains:
    """What putting in a patient's values adds to the log-odds of background rows.

    Parameters
    ----------
    alone : ndarray of shape (n_outcomes, n_rows, n_players)
        What each player adds, nobody else being in.
    together : ndarray of shape (n_outcomes, n_rows, n_players, n_players)
        What two players add beyond that when both are in; symmetric, 0 on the diagonal.
    """

    alone: FloatArray
    together: FloatArray

    @property
    def active(self) -> BoolArray:
        """Who changes anything: (n_outcomes, n_rows, n_players)."""
        return np.asarray((self.alone != 0.0) | np.any(self.together != 0.0, axis=3))

    def merge(self, columns: FloatArray) -> Gains:
        """Return the gains of players who bring in several predictors each.

        Parameters
        ----------
        columns : ndarray of shape (n_players, n_predictors)
            1 where a player brings in a predictor. Two predictors of one player must do nothing
            together.
        """
        return Gains(self.alone @ columns.T, columns @ self.together @ columns.T)

    def take(self, rows: IntArray, columns: IntArray) -> Gains:
        """Return the gains of some rows (n_some,), and of some players in each (n_some, k)."""
        at = rows[:, np.newaxis]
        both = rows[:, np.newaxis, np.newaxis], columns[:, :, np.newaxis], columns[:, np.newaxis]
        return Gains(self.alone[:, at, columns], self.together[:, *both])

    def add_all(self, margins: FloatArray) -> FloatArray:
        """Return the log-odds (n_outcomes, n_rows, 2**k) of all coalitions of k players.

        Bit j of a coalition's number tells whether player j is in it, so that each player doubles
        the coalitions before it.

        Parameters
        ----------
        margins : ndarray of shape (n_outcomes, n_rows)
            With nobody in.
        """
        k = self.alone.shape[2]
        sums = np.empty((*margins.shape, 2**k))
        sums[:, :, 0] = margins
        with_others = np.empty((*margins.shape, 2 ** max(k - 1, 0)))
        pairs = np.any(self.together != 0.0, axis=(0, 1))
        for j in range(k):
            half = 1 << j
            if not pairs[:j, j].any():
                own = self.alone[:, :, j : j + 1]
                np.add(sums[:, :, :half], own, out=sums[:, :, half : 2 * half])
                continue
            added = with_others[:, :, :half]
            added[:, :, :1] = self.alone[:, :, j : j + 1]
            for i in range(j):
                known = added[:, :, : 1 << i]
                beyond = self.together[:, :, i, j : j + 1] if pairs[i, j] else 0.0
                np.add(known, beyond, out=added[:, :, 1 << i : 2 << i])
            np.add(sums[:, :, :half], added, out=sums[:, :, half : 2 * half])
        return sums

    def add_up(self, columns: IntArray, inside: BoolArray) -> FloatArray:
        """Return what some coalitions add: (n_outcomes, n_rows, n_coalitions).

        Parameters
        ----------
        columns : ndarray of int of shape (k,)
            The players in question.
        inside : ndarray of bool of shape (n_coalitions, k)
            Which of them are in.
        """
        weights = inside.astype(np.float64)
        beyond = self.together[:, :, columns[:, np.newaxis], columns]
        pairs = np.einsum("hrij,ci,cj->hrc", beyond, weights, weights, optimize=True) / 2
        return np.asarray(self.alone[:, :, columns] @ weights.T + pairs)
