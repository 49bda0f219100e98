"""What trees add to log-odds, as a sum over small sets of predictors.

A leaf's part is a sum over sets of the predictors that are asked on its way
(:mod:`training.model.tree_sets`). A tree of four leaves asks three predictors at most: there are
few sets, and what every coalition is worth is counted from them without asking a tree again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.comparison import RowComparison
from training.model.response_model import OutcomeModel
from training.model.tree_sets import TreeSets, count_most_asked

__all__ = ["Terms", "TreeComparison"]

_MOST_ON_A_WAY = 4
"""Most predictors that one leaf may ask: it has 2**4 sets. Our trees ask three at most."""
_MOST_PLAYERS = 32
"""Most predictors whose sets are numbered by bits."""


@dataclass(frozen=True, eq=False)
class Terms:
    """What putting in sets of a patient's values adds to the log-odds of background rows.

    Of the form of :class:`training.model.gains.Gains`, for any number of players at once.

    Parameters
    ----------
    place : ndarray of int of shape (n_sets,) or (n_sets, n_rows)
        Each set's number: bit j tells whether player j is in it. Sets that add nothing may have the
        number 2**n_players.
    added : ndarray of shape (n_outcomes, n_sets, n_rows)
        What a set adds once all of it is in, beyond what its parts add.
    n_players : int
        Of all sets together.
    """

    place: IntArray
    added: FloatArray
    n_players: int

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self.added.shape[2])

    @property
    def active(self) -> BoolArray:
        """Who changes anything: (1, n_rows, n_players)."""
        inside = (self.place >> np.arange(self.n_players)[:, np.newaxis] & 1).astype(np.float64)
        changes = np.any(self.added != 0.0, axis=0).astype(np.float64)
        return np.asarray((inside @ changes > 0.0).T[np.newaxis])

    def take(self, rows: IntArray, columns: IntArray) -> Terms:
        """Return the terms of some rows (n_some,), of all who are active in each (n_some, k)."""
        k = columns.shape[1]
        bit = np.zeros((self.n_players, len(rows)), dtype=np.intp)
        np.put_along_axis(bit, columns.T, 1 << np.arange(k)[:, np.newaxis], axis=0)
        out = 1 << k  # of who is not active: no set with such a one adds anything
        bit[bit == 0] = out
        place = np.zeros((len(self.place), len(rows)), dtype=np.intp)
        for j in range(self.n_players):
            place[self.place >> j & 1 == 1] |= bit[j]
        return Terms(np.minimum(place, out), self.added[:, :, rows], k)

    def add_all(self, margins: FloatArray) -> FloatArray:
        """Return the log-odds (n_outcomes, 2**k, n_rows) of all coalitions; see `Gains`."""
        n_outcomes, n_rows = margins.shape
        k = self.n_players
        sums = np.zeros((n_outcomes, 2**k + 1, n_rows))
        if self.place.ndim == 1:
            sums[:, self.place] = self.added
        else:
            sums[:, self.place, np.arange(n_rows)] = self.added
        sums = sums[:, :-1]
        sums[:, 0] = margins
        for j in range(k):
            halves = sums.reshape(n_outcomes, -1, 2, 1 << j, n_rows)
            halves[:, :, 1] += halves[:, :, 0]
        return sums


class TreeComparison:
    """Others' rows, to be compared with a patient's by models with trees.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        Of one patient.
    others : sequence of ndarray of shape (n_rows, n_columns)
        For each outcome the others' rows of its basis.
    """

    def __init__(self, outcomes: Sequence[OutcomeModel], others: Sequence[FloatArray]) -> None:
        self._rows = RowComparison(outcomes, others)
        self._trees = TreeSets(outcomes, others)
        self._n_players = n = outcomes[0].basis.n_features_in_
        singles = 1 << np.arange(n)
        self._left, self._right = np.triu_indices(n, 1)
        pairs = singles[self._left] | singles[self._right]
        has_pairs = any(outcome.pair_coef.size for outcome in outcomes)
        own = np.array(self._trees.masks, dtype=np.intp)
        self._masks = np.unique(np.concatenate([singles, pairs if has_pairs else [], own]))
        self._masks = self._masks.astype(np.intp)
        self._singles = np.searchsorted(self._masks, singles)
        self._pairs = np.searchsorted(self._masks, pairs)
        self._asked = np.searchsorted(self._masks, own)

    @classmethod
    def of(cls, outcomes: Sequence[OutcomeModel], others: Sequence[FloatArray]) -> Self | None:
        """Return the comparison, or None where a leaf asks too many predictors to list its sets."""
        most_asked = count_most_asked(outcomes)
        if outcomes[0].basis.n_features_in_ > _MOST_PLAYERS or most_asked > _MOST_ON_A_WAY:
            return None
        return cls(outcomes, others)

    def compare(self, columns: Sequence[FloatArray], *, n_patients: int = 1) -> Terms:
        """Return what each set of the patient's predictors adds; see :class:`RowComparison`."""
        gains = self._rows.compare(columns, n_patients=n_patients)
        n_outcomes, n_rows = gains.alone.shape[:2]
        added = np.zeros((len(self._masks), n_outcomes, n_rows))
        added[self._singles] = np.moveaxis(gains.alone, 2, 0)
        if gains.together is not None:
            pairs = gains.together[:, :, self._left, self._right]
            added[self._pairs] = np.moveaxis(pairs, 2, 0)
        by_trees = np.zeros((len(self._asked), n_outcomes, n_patients, n_rows // n_patients))
        self._trees.find(columns, by_trees)
        added[self._asked] += by_trees.reshape(-1, n_outcomes, n_rows)
        return Terms(self._masks, added.swapaxes(0, 1), self._n_players)
