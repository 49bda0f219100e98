"""Shapley values of games whose coalitions are all counted.

See :mod:`training.model.explanation` for the game.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.coalitions import compute_shapley_values, shapley_weights
from training.model.gains import Gains
from training.model.log_odds import to_probability
from training.model.response_model import OutcomeModel
from training.model.tree_terms import Terms

__all__ = ["BLOCK", "Counting"]

BLOCK = 1 << 17
"""Coalitions worked on at once: 1 MB per horizon, near what a processor's cache holds."""


class Counting:
    """What coalitions are worth over the background rows, and what each player gets of it.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    margins : ndarray of shape (n_outcomes, n_rows)
        The background's log-odds.
    served : ndarray of shape (n_rows, n_horizons)
        The background's probabilities.
    """

    def __init__(
        self, outcomes: Sequence[OutcomeModel], margins: FloatArray, served: FloatArray
    ) -> None:
        self._outcomes, self._margins, self._served = outcomes, margins, served
        self.has_jumps = any(outcome.isotonic_x.size for outcome in outcomes)

    @property
    def n_rows(self) -> int:
        """How many background rows there are."""
        return len(self._served)

    def weigh(self, sums: FloatArray) -> FloatArray:
        """Return the probabilities of all coalitions, in the place of their log-odds.

        `sums` (n_horizons, ...) are those of each outcome.
        """
        if not self.has_jumps:
            to_probability(sums, out=sums)
        else:
            for outcome, part in zip(self._outcomes, sums, strict=True):
                part[...] = outcome.finish(part)
        sums[1:] *= sums[0]
        return sums

    def count_few(
        self, sums: FloatArray, ends: FloatArray, *, active: BoolArray | None = None
    ) -> FloatArray:
        """Return the exact values of a few players, whether or not they are active.

        What a coalition is worth is a mean over background rows, and values are linear in it: they
        are made from the mean.

        Parameters
        ----------
        sums : ndarray of shape (n_horizons, n, 2**k, n_rows)
            Log-odds of all coalitions of k players in all background rows, of n patients. They are
            overwritten.
        ends : ndarray of shape (n, n_horizons) or (n * n_rows, n_horizons)
            The patients' probabilities, or one for each row that they are compared with.
        active : ndarray of bool of shape (n, n_rows, k)
            Who changes anything; needed where :attr:`has_jumps`.

        Returns
        -------
        ndarray of shape (n, n_horizons, n_players)
        """
        worth = self.weigh(sums)
        _, n, n_coalitions, n_rows = worth.shape
        if active is not None:
            # Who holds nobody that is active, or everybody, has a served probability: taking it as
            # served keeps the sum right also where a step turns a last bit into a difference.
            whole = (active @ (1 << np.arange(active.shape[2])))[:, np.newaxis]
            held = np.arange(n_coalitions)[:, np.newaxis] & whole
            by_patient = ends.reshape(n, 1, -1, ends.shape[1])
            for h, part in enumerate(worth):
                np.copyto(part, by_patient[..., h], where=held == whole)
                np.copyto(part, self._served[:, h], where=held == 0)
        mean = worth @ np.full(n_rows, 1.0 / n_rows)
        return compute_shapley_values(mean.swapaxes(0, 1))

    def walk(self, gains: Gains, ends: FloatArray, orders: IntArray) -> FloatArray:
        """Return what players are worth who come in one by one: (n_orders, 1 + k, n_horizons).

        Parameters
        ----------
        gains : Gains
            Of one patient.
        ends : ndarray of shape (1, n_horizons) or (n_rows, n_horizons)
            The patient's probabilities, or one for each row.
        orders : ndarray of int of shape (n_orders, k)
            All players, in their turn.
        """
        added = gains.add_in_turn(orders)
        worth = self.weigh(self._margins[:, :, np.newaxis, np.newaxis] + added)
        # As where all coalitions are counted: as served before anybody acts, and after everybody.
        whole, none = np.all(added == added[..., -1:], axis=0), np.all(added == 0.0, axis=0)
        for h, part in enumerate(worth):
            np.copyto(part, ends[:, h, np.newaxis, np.newaxis], where=whole)
            np.copyto(part, self._served[:, h, np.newaxis, np.newaxis], where=none)
        return np.moveaxis(worth.mean(axis=1), 0, 2)

    def count_active(self, gains: Gains | Terms, active: BoolArray, ends: FloatArray) -> FloatArray:
        """Return the exact values of one patient, by the players who are active in each row.

        Parameters
        ----------
        gains : Gains or Terms
            Of the patient.
        active : ndarray of bool of shape (n_rows, n_players)
            Who changes anything.
        ends : ndarray of shape (1, n_horizons) or (n_rows, n_horizons)
            The patient's probabilities, or one for each row.

        Returns
        -------
        ndarray of shape (n_horizons, n_players)
        """
        ends = np.broadcast_to(ends, self._served.shape)
        contributions = np.zeros((ends.shape[1], *active.shape))
        counts = active.sum(axis=1)
        for k in range(1, int(counts.max()) + 1):
            group = np.flatnonzero(counts == k)
            step = max(BLOCK >> k, 1)
            for start in range(0, len(group), step):
                rows = group[start : start + step]
                columns = np.nonzero(active[rows])[1].reshape(-1, k)
                cells = rows[:, np.newaxis], columns
                worth = self.weigh(gains.take(rows, columns).add_all(self._margins[:, rows]))
                # As where the players are few: all that are here are active.
                worth[:, 0], worth[:, -1] = self._served[rows].T, ends[rows].T
                contributions[:, *cells] = (shapley_weights(k).T @ worth).swapaxes(1, 2)
        return np.asarray(contributions.mean(axis=1))
