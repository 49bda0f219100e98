"""Exact values of a few players, from all their coalitions over all background rows.

See :mod:`training.model.explanation` for the game.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.model.comparison import RowComparison
from training.model.counting import Counting
from training.model.pairs import take_columns
from training.model.response_model import OutcomeModel
from training.model.tree_terms import Terms, TreeComparison

__all__ = ["FewPlayers", "FewWithTrees", "FewWithoutTrees"]

_ROUNDING = 1e-12
"""Values below it may be those of players who change nothing."""
_TOGETHER = 1 << 14
"""Coalitions of several patients that are worked on at once; more of them would take no less."""


class FewPlayers(ABC):
    """A few players of one model.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    counting : Counting
        Over the background.
    n_players : int
        So few that all coalitions over all rows are counted.
    """

    def __init__(
        self, outcomes: Sequence[OutcomeModel], counting: Counting, n_players: int
    ) -> None:
        self._outcomes, self._counting, self._n_players = outcomes, counting, n_players

    @abstractmethod
    def _add_all(self, rows: Sequence[FloatArray], n_patients: int) -> FloatArray:
        """Return the log-odds (n_outcomes, n_patients, 2**k, n_rows) of all coalitions."""

    @abstractmethod
    def _find_active(self, rows: Sequence[FloatArray], n_patients: int) -> BoolArray:
        """Return who changes anything (n_patients, n_rows, n_players); seldom asked for."""

    def value(
        self, rows: Sequence[FloatArray], ends: FloatArray, *, n_patients: int = 1
    ) -> FloatArray:
        """Return the values of patients.

        Parameters
        ----------
        rows : sequence of ndarray of shape (n_patients, width) or (n_patients * n_rows, width)
            For each outcome what :class:`training.model.evaluator.Evaluated` holds of a patient, or
            as many rows as there are background rows, one to be put into each of them. More than
            there are outcomes are left aside.
        ends : ndarray of shape (n_patients, n_horizons) or (n_patients * n_rows, n_horizons)
            Their probabilities.
        n_patients : int
            They lie one after the other.

        Returns
        -------
        ndarray of shape (n_patients, n_horizons, n_players)
            Exactly 0 for a player who changes nothing.
        """
        rows = rows[: len(self._outcomes)]
        sums = self._add_all(rows, n_patients)
        active = self._find_active(rows, n_patients) if self._counting.has_jumps else None
        values = self._counting.count_few(sums, ends, active=active)
        size = np.asarray(np.abs(values))
        if size.min(initial=1.0) < _ROUNDING and np.any((size > 0.0) & (size < _ROUNDING)):
            # Sums in another order may move a last bit of what nobody changes.
            idle = np.asarray(~self._find_active(rows, n_patients).any(axis=1))
            np.copyto(values, 0.0, where=idle[:, np.newaxis])
        return values

    def value_many(self, rows: Sequence[FloatArray], ends: FloatArray, n: int) -> FloatArray:
        """Return the values of `n` patients as :meth:`value` does, a few at a time."""
        values = np.empty((n, len(self._outcomes), self._n_players))
        each = len(ends) // max(n, 1)
        step = max((_TOGETHER >> self._n_players) // self._counting.n_rows, 1)
        for start in range(0, n, step):
            stop = min(start + step, n)
            own = slice(start * each, stop * each)
            some = [patients[own] for patients in rows]
            values[start:stop] = self.value(some, ends[own], n_patients=stop - start)
        return values

    def _take_columns(self, rows: Sequence[FloatArray]) -> list[FloatArray]:
        """Return for each outcome the columns of its basis."""
        each = zip(rows, self._outcomes, strict=True)
        return [take_columns(own, outcome.pairs) for own, outcome in each]


class FewWithTrees(FewPlayers):
    """A few players of a model with trees, each of one predictor.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    margins : ndarray of shape (n_outcomes, n_rows)
        The background's log-odds.
    counting : Counting
        Over the same background.
    comparison : TreeComparison
        With the same background.
    """

    def __init__(
        self,
        outcomes: Sequence[OutcomeModel],
        margins: FloatArray,
        counting: Counting,
        comparison: TreeComparison,
    ) -> None:
        super().__init__(outcomes, counting, outcomes[0].basis.n_features_in_)
        self._margins, self._comparison = margins, comparison

    def _add_all(self, rows: Sequence[FloatArray], n_patients: int) -> FloatArray:
        sums = self._compare(rows, n_patients).add_all(np.tile(self._margins, n_patients))
        return sums.reshape(*sums.shape[:2], n_patients, -1).swapaxes(1, 2)

    def _find_active(self, rows: Sequence[FloatArray], n_patients: int) -> BoolArray:
        active = self._compare(rows, n_patients).active
        return np.asarray(active.reshape(n_patients, -1, self._n_players))

    def _compare(self, rows: Sequence[FloatArray], n_patients: int) -> Terms:
        return self._comparison.compare(self._take_columns(rows), n_patients=n_patients)


class FewWithoutTrees(FewPlayers):
    """A few players of a model without trees, each of one predictor or several.

    In the log-odds of a row with some of a patient's values in it, what the row adds alone is known
    beforehand, and what the patient adds alone is one number for each coalition; only products of a
    column of one with a column of the other are left.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    background : sequence of ndarray of shape (n_rows, 1 + n_columns + n_pairs)
        For each outcome the background's rows.
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
        super().__init__(outcomes, counting, len(players))
        self._players, self._comparison = players, comparison
        inside = (np.arange(2 ** len(players))[:, np.newaxis] >> np.arange(len(players)) & 1) > 0
        self._weigh(background, inside[:, players.argmax(axis=0)])

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

    def _add_all(self, rows: Sequence[FloatArray], n_patients: int) -> FloatArray:
        n, _, n_coalitions, _ = self._kept.shape
        patients = np.concatenate([own.T for own in rows])
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

    def _find_active(self, rows: Sequence[FloatArray], n_patients: int) -> BoolArray:
        gains = self._comparison.compare(self._take_columns(rows), n_patients=n_patients)
        active = gains.merge(self._players).active.any(axis=0)
        return np.asarray(active.reshape(n_patients, -1, self._n_players))
