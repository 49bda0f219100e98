"""What coalitions of predictors add to log-odds that are a sum over predictors and their pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray

__all__ = ["Gains"]

_BY_PRODUCT = 5
"""Players whose coalitions are all summed by one matrix product: doubling them takes a step for
each player and pair, which is more than the sums themselves take."""


@cache
def _weigh(k: int) -> tuple[FloatArray, FloatArray]:
    """Return who is in each coalition of k players, and half of which two, once in each order."""
    inside = (np.arange(2**k)[:, np.newaxis] >> np.arange(k) & 1).astype(np.float64)
    both = inside[:, :, np.newaxis] * inside[:, np.newaxis] / 2
    return inside, both.reshape(2**k, k * k)


@dataclass(frozen=True, eq=False)
class Gains:
    """What putting in a patient's values adds to the log-odds of background rows.

    Parameters
    ----------
    alone : ndarray of shape (n_outcomes, n_rows, n_players)
        What each player adds, nobody else being in.
    together : ndarray of shape (n_outcomes, n_rows, n_players, n_players) or None
        What two players add beyond that when both are in; symmetric, 0 on the diagonal. None where
        no two do anything together.
    """

    alone: FloatArray
    together: FloatArray | None = None

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self.alone.shape[1])

    @property
    def n_players(self) -> int:
        """How many players there are."""
        return int(self.alone.shape[2])

    @property
    def active(self) -> BoolArray:
        """Who changes anything: (n_outcomes, n_rows, n_players)."""
        active = self.alone != 0.0
        if self.together is not None:
            active |= np.any(self.together != 0.0, axis=3)
        return np.asarray(active)

    def merge(self, columns: FloatArray) -> Gains:
        """Return the gains of players who bring in several predictors each.

        Parameters
        ----------
        columns : ndarray of shape (n_players, n_predictors)
            1 where a player brings in a predictor. Two predictors of one player must do nothing
            together.
        """
        together = None if self.together is None else columns @ self.together @ columns.T
        return Gains(self.alone @ columns.T, together)

    def take(self, rows: IntArray, columns: IntArray) -> Gains:
        """Return the gains of some rows (n_some,), and of some players in each (n_some, k)."""
        at = rows[:, np.newaxis]
        if self.together is None:
            return Gains(self.alone[:, at, columns])
        both = rows[:, np.newaxis, np.newaxis], columns[:, :, np.newaxis], columns[:, np.newaxis]
        return Gains(self.alone[:, at, columns], self.together[:, *both])

    def add_all(self, margins: FloatArray) -> FloatArray:
        """Return the log-odds (n_outcomes, 2**k, n_rows) of all coalitions of k players.

        Bit j of a coalition's number tells whether player j is in it, so that each player doubles
        the coalitions before it. Who changes nothing may still move a last bit.

        Parameters
        ----------
        margins : ndarray of shape (n_outcomes, n_rows)
            With nobody in.
        """
        n_outcomes, n_rows, k = self.alone.shape
        sums = np.empty((n_outcomes, 2**k, n_rows))
        few = min(k, _BY_PRODUCT)
        sums[:, : 1 << few] = self._add_few(few)
        sums[:, : 1 << few] += margins[:, np.newaxis]
        for j in range(few, k):
            half = 1 << j
            added = self._add_with_others(j)
            np.add(sums[:, :half], added, out=sums[:, half : 2 * half])
        return sums

    def _add_few(self, k: int) -> FloatArray:
        """Return what coalitions of the first k players add (n_outcomes, 2**k, n_rows)."""
        inside, both = _weigh(k)
        added = inside @ self.alone[:, :, :k].swapaxes(1, 2)
        if self.together is not None:
            pairs = np.moveaxis(self.together[:, :, :k, :k], 1, 3)
            added += both @ pairs.reshape(len(pairs), k * k, -1)
        return np.asarray(added)

    def _add_with_others(self, j: int) -> FloatArray:
        """Return what player j adds to each coalition of those before (n_outcomes, 2**j, n_rows).

        Of shape (n_outcomes, 1, n_rows) where it does nothing together with them.
        """
        own = self.alone[:, np.newaxis, :, j]
        if self.together is None or not np.any(self.together[:, :, :j, j]):
            return own
        added = np.empty((own.shape[0], 1 << j, own.shape[2]))
        added[:, :1] = own
        for i in range(j):
            beyond = self.together[:, np.newaxis, :, i, j]
            np.add(added[:, : 1 << i], beyond, out=added[:, 1 << i : 2 << i])
        return added

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
        alone = np.asarray(self.alone[:, :, columns] @ weights.T)
        if self.together is None:
            return alone
        beyond = self.together[:, :, columns[:, np.newaxis], columns]
        pairs = np.einsum("hrij,ci,cj->hrc", beyond, weights, weights, optimize=True) / 2
        return np.asarray(alone + pairs)

    def add_in_turn(self, orders: IntArray) -> FloatArray:
        """Return what players add who come in one by one: (n_outcomes, n_rows, n_orders, 1 + k).

        Before the first it is 0. Who changes nothing moves no bit.

        Parameters
        ----------
        orders : ndarray of int of shape (n_orders, k)
            All players, in their turn.
        """
        n_orders, k = orders.shape
        path = np.zeros((*self.alone.shape[:2], n_orders, 1 + k))
        path[..., 1:] = self.alone[:, :, orders]
        if self.together is not None:
            before = np.argsort(orders, axis=1)[:, np.newaxis] < np.arange(k)[:, np.newaxis]
            beyond = self.together @ before.reshape(-1, k).T.astype(np.float64)
            turns = orders.ravel(), np.arange(n_orders * k)
            path[..., 1:] += beyond[:, :, *turns].reshape(*path.shape[:3], k)
        return np.asarray(np.cumsum(path, axis=3))
