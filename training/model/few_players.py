"""Exact values of a few players, from all their coalitions over all background rows.

See :mod:`training.model.explanation` for the game. In the log-odds of a row with some of a
patient's values in it, what the row adds alone is known beforehand, and what the patient adds alone
is one number for each coalition; only products of a column of one with one of the other are left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.model.comparison import RowComparison
from training.model.counting import Counting
from training.model.gains import Gains
from training.model.pairs import take_columns
from training.model.response_model import OutcomeModel

__all__ = ["FewPlayers"]

_ROUNDING = 1e-12
"""Values below it may be those of players who change nothing."""
_TOGETHER = 1 << 14
"""Coalitions of several patients that are worked on at once; more of them would take no less."""


class FewPlayers:
    """A few players of a model without trees.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    background : sequence of ndarray of shape (n_rows, 1 + n_columns + n_pairs)
        For each outcome the background's rows, as :class:`training.model.evaluator.Evaluated`
        holds them.
    players : ndarray of shape (n_players, n_predictors)
        1 where a player brings in a predictor: each predictor has one player.
    counting : Counting
        Over the same background.
    comparison : RowComparison
        With the same background.
    """

    def __init__(
        self,
        outcomes: Sequence[OutcomeModel],
        background: Sequence[FloatArray],
        players: FloatArray,
        counting: Counting,
        comparison: RowComparison,
    ) -> None:
        self._outcomes, self._players = outcomes, players
        self._counting, self._comparison = counting, comparison
        inside = (np.arange(2 ** len(players))[:, np.newaxis] >> np.arange(len(players)) & 1) > 0
        self._weigh(background, inside[:, players.argmax(axis=0)])
        self._idle = ~self._find_weighty()  # whoever the patient is

    def _weigh(self, background: Sequence[FloatArray], inside: BoolArray) -> None:
        """Prepare what depends on no patient; `inside` (2**k, n_predictors) tells who brings what.

        Outcomes lie beneath one another. Where one has fewer products than another, there are some
        that weigh nothing.
        """
        n_coalitions, n_rows, n = len(inside), len(background[0]), len(self._outcomes)
        starts = np.cumsum([0, *(rows.shape[1] for rows in background)]).tolist()
        n_pairs = max(len(outcome.pairs) for outcome in self._outcomes)
        kept = np.empty((n, n_coalitions, n_rows))
        own = np.zeros((n, n_coalitions, starts[-1]))
        met = np.zeros((n, 2, n_pairs), dtype=np.intp)
        meets = np.zeros((n, n_coalitions, 2, n_pairs))
        others = np.zeros((n, 2, n_pairs, n_rows))
        always = np.ones((n_coalitions, 1), dtype=bool)
        for h, (outcome, rows) in enumerate(zip(self._outcomes, background, strict=True)):
            held, (left, right) = inside[:, outcome.basis.groups_], outcome.pairs.T
            of_left, of_right = held[:, left], held[:, right]
            left_to_row = np.hstack([always, ~held, ~(of_left | of_right)])
            of_patient = np.hstack([~always, held, of_left & of_right])
            kept[h] = (left_to_row * outcome.weights) @ rows.T
            own[h, :, starts[h] : starts[h + 1]] = of_patient * outcome.weights
            # A column of the patient's meets one of the row's: of two, either may be the patient's.
            for way, (mine, theirs) in enumerate([(left, right), (right, left)]):
                met[h, way, : len(mine)] = starts[h] + 1 + mine
                meets[h, :, way, : len(mine)] = held[:, mine] & ~held[:, theirs]
                others[h, way, : len(mine)] = (rows[:, 1 + theirs] * outcome.pair_coef).T
        self._kept, self._own = kept[:, np.newaxis], own.reshape(n * n_coalitions, -1)
        self._met, self._meets = met.ravel(), meets.reshape(n, 1, n_coalitions, -1)
        # Last what meets the patient's own part: 1.
        self._others = np.ones((n, 1, 2 * n_pairs + 1, n_rows))
        self._others[:, 0, :-1] = others.reshape(n, -1, n_rows)

    def _find_weighty(self) -> BoolArray:
        """Return which players have a weight that is not 0 (n_players,)."""
        found = np.zeros(len(self._players), dtype=bool)
        for outcome in self._outcomes:
            groups = outcome.basis.groups_
            pairs = groups[outcome.pairs[outcome.pair_coef != 0.0]].ravel()
            weighty = np.concatenate([groups[outcome.coef != 0.0], pairs])
            found |= self._players[:, weighty].any(axis=1)
        return found

    def value(
        self, rows: Sequence[FloatArray], ends: FloatArray, *, n_patients: int = 1
    ) -> FloatArray:
        """Return the values of patients.

        Parameters
        ----------
        rows : sequence of ndarray of shape (n_patients, width) or (n_patients * n_rows, width)
            For each outcome a patient's row, or as many as there are background rows, one to be
            put into each of them. More than there are outcomes are left aside.
        ends : ndarray of shape (n_patients, n_horizons) or (n_patients * n_rows, n_horizons)
            Their probabilities.
        n_patients : int
            They lie one after the other.

        Returns
        -------
        ndarray of shape (n_patients, n_horizons, n_players)
            Exactly 0 for a player who changes nothing.
        """
        sums = self._add_all(rows, n_patients)
        active = None
        if self._counting.has_jumps:
            changing = self._compare(rows, n_patients).active.any(axis=0)
            active = changing.reshape(n_patients, -1, len(self._players))
        values = self._counting.count_few(sums, ends, active=active)
        if self._idle.any():
            values[:, :, self._idle] = 0.0
        if np.abs(values[:, :, ~self._idle]).min(initial=1.0) < _ROUNDING:
            # Sums in another order may move a last bit of what nobody changes.
            idle = self._compare(rows, n_patients).find_idle(n_patients)
            np.copyto(values, 0.0, where=idle[:, np.newaxis])
        return values

    def value_many(self, rows: Sequence[FloatArray], ends: FloatArray, n: int) -> FloatArray:
        """Return the values of `n` patients as :meth:`value` does, a few at a time."""
        _, _, n_coalitions, n_rows = self._kept.shape
        values = np.empty((n, len(self._outcomes), len(self._players)))
        each, step = len(ends) // max(n, 1), max(_TOGETHER // (n_coalitions * n_rows), 1)
        for start in range(0, n, step):
            stop = min(start + step, n)
            own = slice(start * each, stop * each)
            some = [patients[own] for patients in rows]
            values[start:stop] = self.value(some, ends[own], n_patients=stop - start)
        return values

    def _add_all(self, rows: Sequence[FloatArray], n_patients: int) -> FloatArray:
        """Return the log-odds (n_outcomes, n_patients, 2**k, n_rows) of all coalitions."""
        n, _, n_coalitions, _ = self._kept.shape
        patients = np.concatenate([own.T for own in rows[:n]])
        own = (self._own @ patients).reshape(n, n_coalitions, n_patients, -1).swapaxes(1, 2)
        if not self._met.size:
            return np.asarray(self._kept + own)
        n_ways = own.shape[3]
        met = patients.take(self._met, axis=0).reshape(n, -1, n_patients, n_ways).swapaxes(1, 2)
        if n_ways > 1:  # each row meets the patient in a way of its own
            sums = self._meets @ (met * self._others[:, :, :-1])
            sums += own
        else:
            weights = np.empty((n, n_patients, n_coalitions, met.shape[2] + 1))
            np.multiply(self._meets, met.swapaxes(2, 3), out=weights[..., :-1])
            weights[..., -1] = own[..., 0]
            sums = weights @ self._others
        sums += self._kept
        return np.asarray(sums)

    def _compare(self, rows: Sequence[FloatArray], n_patients: int) -> Gains:
        """Return what each player adds: seldom asked for, and much more work than the values."""
        columns = [
            take_columns(own, outcome.pairs)
            for own, outcome in zip(rows, self._outcomes, strict=False)
        ]
        gains = self._comparison.compare(columns, n_patients=n_patients)
        return gains.merge(self._players)
