"""Shapley values of games whose coalitions are all counted.

See :mod:`training.model.explanation` for the game.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.model.coalitions import compute_shapley_values, shapley_weights
from training.model.gains import Gains
from training.model.log_odds import to_probability
from training.model.response_model import OutcomeModel
from training.model.tree_terms import Terms

__all__ = ["BLOCK", "Counting"]

BLOCK = 1 << 17
"""Coalitions worked on at once: 1 MB per horizon, near what a processor's cache holds."""

_ROUNDING = 1e-12
"""Values below it may be those of players who change nothing."""


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
        self._has_jumps = any(outcome.isotonic_x.size for outcome in outcomes)

    def weigh(self, margins: FloatArray, gains: Gains | Terms) -> FloatArray:
        """Return the probabilities (n_horizons, 2**k, n_rows) of all coalitions of k players.

        `margins` (n_outcomes, n_rows) are the log-odds with nobody in.
        """
        sums = gains.add_all(margins)
        if not self._has_jumps:
            to_probability(sums, out=sums)
        else:
            for outcome, part in zip(self._outcomes, sums, strict=True):
                part[...] = outcome.finish(part)
        sums[1:] *= sums[0]
        return sums

    def count_few(self, gains: Gains | Terms, ends: FloatArray) -> FloatArray:
        """Return the exact values of a few players, whether or not they are active.

        What a coalition is worth is a mean over background rows, and values are linear in it: they
        are made from the mean.

        Parameters
        ----------
        gains : Gains or Terms
            Of n patients, each compared with all background rows, one patient after the other.
        ends : ndarray of shape (n, n_horizons) or (n * n_rows, n_horizons)
            The patients' probabilities, or one for each row that they are compared with.

        Returns
        -------
        ndarray of shape (n, n_horizons, n_players)
            Exactly 0 for a player who changes nothing.
        """
        n_rows = len(self._served)
        n = gains.n_rows // n_rows
        margins = self._margins if n == 1 else np.tile(self._margins, n)
        worth = self.weigh(margins, gains)
        if self._has_jumps:
            # Who holds nobody that is active, or everybody, has a served probability: taking it as
            # served keeps the sum right also where a step turns a last bit into a difference.
            active = np.asarray(gains.active.any(axis=0)) @ (1 << np.arange(gains.n_players))
            held = np.arange(worth.shape[1])[:, np.newaxis] & active
            ends = np.repeat(ends, gains.n_rows // len(ends), axis=0)
            served = np.tile(self._served, (n, 1))
            for h, part in enumerate(worth):
                np.copyto(part, ends[:, h], where=held == active)
                np.copyto(part, served[:, h], where=held == 0)
        mean = np.add.reduce(worth.reshape(*worth.shape[:2], n, n_rows), axis=3) / n_rows
        games = mean.transpose(2, 0, 1).reshape(-1, worth.shape[1])
        values = compute_shapley_values(games).reshape(n, len(worth), -1)
        if isinstance(gains, Gains) and np.abs(values).min() < _ROUNDING:
            # Products of matrices may move a last bit.
            np.copyto(values, 0.0, where=gains.find_idle(n)[:, np.newaxis])
        return values

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
                worth = self.weigh(self._margins[:, rows], gains.take(rows, columns))
                # As where the players are few: all that are here are active.
                worth[:, 0], worth[:, -1] = self._served[rows].T, ends[rows].T
                contributions[:, *cells] = (shapley_weights(k).T @ worth).swapaxes(1, 2)
        return np.asarray(contributions.mean(axis=1))
