"""What trees add to log-odds, as a sum over small sets of predictors.

A leaf is reached where all questions on its way are answered so. Put a patient's values into a row
for some predictors, and each question is answered by the patient or by the row, so that the leaf's
part is a product of one factor for each predictor on its way: b where the row answers and a where
the patient does, both 0 or 1. Written as b + (a - b) where the predictor is put in, the product is
a sum over sets of these predictors, and so are all trees together. A tree of four leaves asks three
predictors at most: there are few sets, and what every coalition is worth is counted from them
without asking a tree again. The products are those of Lundberg et al., From local explanations to
global understanding with explainable AI for trees, 2020, doi:10.1038/s42256-019-0138-9
(interventional values).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.comparison import RowComparison
from training.model.response_model import OutcomeModel
from training.model.trees import load_trees

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


class _Leaves:
    """Leaves that ask the same number of predictors, of one outcome's trees."""

    def __init__(self, leaves: Sequence[tuple[float, _Way]], rest: FloatArray) -> None:
        k = len(leaves[0][1])
        deep = max(len(asked) for _, way in leaves for asked in way.values())
        shape = len(leaves), k, deep
        # Where fewer questions are asked of a predictor, the others are always answered so.
        self._column = np.zeros(shape, dtype=np.intp)
        self._threshold = np.full((*shape, 1), np.inf)
        self._left = np.ones((*shape, 1), dtype=bool)
        self._value = np.array([value for value, _ in leaves])[:, np.newaxis]
        self.masks = np.zeros((2**k, len(leaves)), dtype=np.intp)
        number = np.arange(2**k)
        for i, (_, way) in enumerate(leaves):
            for place, (player, asked) in enumerate(way.items()):
                self.masks[:, i] |= (number >> place & 1) << player
                for at, (column, threshold, left) in enumerate(asked):
                    self._column[i, place, at] = column
                    self._threshold[i, place, at] = threshold
                    self._left[i, place, at] = left
        self.masks = self.masks[1:]
        self._rest = self._answer(rest)

    def _answer(self, Z: FloatArray) -> FloatArray:
        """Return for which rows each predictor answers as asked: (k, n_leaves, n_rows), 0 or 1."""
        answered = (Z.T[self._column] <= self._threshold) == self._left
        return np.asarray(answered.all(axis=2).swapaxes(0, 1), dtype=np.float64)

    def multiply(self, Z: FloatArray) -> FloatArray:
        """Return what each set of each leaf adds: (2**k - 1, n_leaves, n_rows)."""
        moved = self._answer(Z) - self._rest
        terms = self._value[np.newaxis]
        for rest, own in zip(self._rest, moved, strict=True):
            terms = np.concatenate([terms * rest, terms * own])
        return terms[1:]


_Way = Mapping[int, Sequence[tuple[int, float, bool]]]


def _list_leaves(node: Mapping[str, Any], groups: IntArray, way: _Way) -> Iterator[Any]:
    """Yield the value of each leaf and what is asked on its way, by predictor."""
    if "leaf_value" in node:
        yield float(node["leaf_value"]), way
        return
    column, threshold = int(node["split_feature"]), float(node["threshold"])
    player = int(groups[column])
    for side, left in (("left_child", True), ("right_child", False)):
        asked = [*way.get(player, ()), (column, threshold, left)]
        yield from _list_leaves(node[side], groups, {**way, player: asked})


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
        self._n_players = n = outcomes[0].basis.n_features_in_
        self._leaves = [
            _read_trees(outcome, Z) if outcome.has_trees else []
            for outcome, Z in zip(outcomes, others, strict=True)
        ]
        singles = 1 << np.arange(n)
        self._left, self._right = np.triu_indices(n, 1)
        pairs = singles[self._left] | singles[self._right]
        has_pairs = any(outcome.pair_coef.size for outcome in outcomes)
        own = [[group.masks.ravel() for group in leaves] for leaves in self._leaves]
        asked = [singles, *([pairs] if has_pairs else []), *(m for masks in own for m in masks)]
        self._masks = np.unique(np.concatenate(asked))
        self._singles = np.searchsorted(self._masks, singles)
        self._pairs = np.searchsorted(self._masks, pairs)
        # In which order the leaves' sets lie together, where each begins, and which it is.
        self._orders = []
        for masks in own:
            joined = np.concatenate(masks) if masks else np.empty(0, dtype=np.intp)
            order = np.argsort(joined, kind="stable")
            found, starts = np.unique(joined[order], return_index=True)
            self._orders.append((order, starts, np.searchsorted(self._masks, found)))

    @classmethod
    def of(cls, outcomes: Sequence[OutcomeModel], others: Sequence[FloatArray]) -> Self | None:
        """Return the comparison, or None where a leaf asks too many predictors to list its sets."""
        ways = [way for o in outcomes if o.has_trees for _, way in _walk(o)]
        most_asked = max((len(way) for way in ways), default=0)
        if outcomes[0].basis.n_features_in_ > _MOST_PLAYERS or most_asked > _MOST_ON_A_WAY:
            return None
        return cls(outcomes, others)

    def compare(self, columns: Sequence[FloatArray]) -> Terms:
        """Return what each set of the patient's predictors adds; see :class:`RowComparison`."""
        gains = self._rows.compare(columns)
        n_outcomes, n_rows = gains.alone.shape[:2]
        added = np.zeros((n_outcomes, len(self._masks), n_rows))
        added[:, self._singles] = gains.alone.swapaxes(1, 2)
        if gains.together is not None:
            added[:, self._pairs] = gains.together[:, :, self._left, self._right].swapaxes(1, 2)
        for h, (leaves, (order, starts, places)) in enumerate(
            zip(self._leaves, self._orders, strict=True)
        ):
            if not leaves:
                continue
            products = [group.multiply(columns[h]).reshape(-1, n_rows) for group in leaves]
            added[h, places] += np.add.reduceat(np.concatenate(products)[order], starts, axis=0)
        return Terms(self._masks, added, self._n_players)


def _walk(outcome: OutcomeModel) -> Iterator[tuple[float, _Way]]:
    """Yield the leaves of an outcome's trees: weighed values and what is asked on the way."""
    told = load_trees(outcome.trees).dump_model(num_iteration=outcome.n_trees)
    for tree in told["tree_info"]:
        for value, way in _list_leaves(tree["tree_structure"], outcome.basis.groups_, {}):
            yield outcome.tree_weight * value, way


def _read_trees(outcome: OutcomeModel, rest: FloatArray) -> list[_Leaves]:
    """Return the leaves by how many predictors they ask; a tree of one leaf asks none."""
    by_count: dict[int, list[tuple[float, _Way]]] = defaultdict(list)
    for value, way in _walk(outcome):
        by_count[len(way)].append((value, way))
    return [_Leaves(leaves, rest) for k, leaves in sorted(by_count.items()) if k]
