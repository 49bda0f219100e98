"""What sets of a patient's predictors add to a row's log-odds, as trees have it.

A leaf is reached where all questions on its way are answered so. Put a patient's values into a row
for some predictors, and each question is answered by the patient or by the row, so that the leaf's
part is a product of one factor for each predictor on its way: b where the row answers and a where
the patient does, both 0 or 1. Written as b + (a - b) where the predictor is put in, the product is
a sum over sets of these predictors, and so are all trees together. The products are those of
Lundberg et al., From local explanations to global understanding with explainable AI for trees,
2020, doi:10.1038/s42256-019-0138-9 (interventional values).

Of a patient only the answers count: what a set adds is kept for the next one who answers alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.model.response_model import OutcomeModel
from training.model.trees import load_trees

__all__ = ["TreeSets", "count_most_asked"]

_KEPT = 1 << 14
"""Sets and answers of which it is kept what they add: of 100 background rows some 25 MB."""

_Way = Mapping[int, Sequence[tuple[int, float, bool]]]


class _Leaf(NamedTuple):
    """A leaf of one outcome, and by player which of its questions are answered how on the way."""

    outcome: int
    value: float
    asked: Mapping[int, Sequence[tuple[int, bool]]]


class _Part(NamedTuple):
    """What a set adds by one outcome's leaves.

    Parameters
    ----------
    rest : ndarray of shape (n_leaves, n_rows)
        Their values, 0 where the row answers another predictor's question otherwise.
    asked : sequence of ndarray of int of shape (n_leaves, n_asked)
        For each player of the set its questions on the way; -1 where there are fewer.
    left : sequence of ndarray of bool of shape (n_leaves, n_asked)
        How they are to be answered; that of no question is always answered so.
    rows : sequence of ndarray of bool of shape (n_leaves, n_rows)
        Whether the row answers all of a player's so.
    """

    rest: FloatArray
    asked: Sequence[IntArray]
    left: Sequence[BoolArray]
    rows: Sequence[BoolArray]


class TreeSets:
    """The trees of one patient's outcomes, set by set of predictors.

    Parameters
    ----------
    outcomes : sequence of OutcomeModel
        With trees or without.
    others : sequence of ndarray of shape (n_rows, n_columns)
        For each outcome the background's rows of its basis.
    """

    def __init__(self, outcomes: Sequence[OutcomeModel], others: Sequence[FloatArray]) -> None:
        starts = np.cumsum([0, *(Z.shape[1] for Z in others)]).tolist()
        questions: dict[int, dict[tuple[int, float], int]] = defaultdict(dict)
        leaves = []
        for h, outcome in enumerate(outcomes):
            for value, way in _walk(outcome) if outcome.has_trees else ():
                asked = {}
                for player, on_way in way.items():
                    known = questions[player]
                    asked[player] = [
                        (known.setdefault((starts[h] + column, threshold), len(known)), left)
                        for column, threshold, left in on_way
                    ]
                leaves.append(_Leaf(h, value, asked))
        self._players = sorted(questions)
        every = [question for player in self._players for question in questions[player]]
        self._column = np.array([column for column, _ in every], dtype=np.intp)
        self._threshold = np.array([threshold for _, threshold in every])
        ends = np.cumsum([0, *(len(questions[player]) for player in self._players)]).tolist()
        self._own = dict(zip(self._players, map(slice, ends[:-1], ends[1:]), strict=True))
        self._shape = len(outcomes), len(others[0])
        answers = self._answer(others)
        self._parts = _gather(leaves, {p: answers[:, own] for p, own in self._own.items()})
        self._members = [_list_players(mask) for mask in self._parts]
        self._add_up_kept = lru_cache(maxsize=_KEPT)(self._add_up)

    @property
    def masks(self) -> list[int]:
        """The sets that add something: bit j tells whether player j is in one."""
        return list(self._parts)

    def _answer(self, columns: Sequence[FloatArray]) -> BoolArray:
        """Return the answers (n, n_questions) of rows."""
        return np.asarray(np.hstack(list(columns))[:, self._column] <= self._threshold)

    def find(self, columns: Sequence[FloatArray], mask_by_mask: FloatArray) -> None:
        """Add what each set adds.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n, n_columns) or (n * n_rows, n_columns)
            For each outcome the rows of its basis of n patients, or as many as there are others,
            one to be put into each of them.
        mask_by_mask : ndarray of shape (n_masks, n_outcomes, n, n_rows)
            To what it is added; masks as in :attr:`masks`.
        """
        if not self._players:
            return
        answers = self._answer(columns)
        n, n_rows = mask_by_mask.shape[2:]
        told = {player: _pack(answers[:, own]) for player, own in self._own.items()}
        row = None if len(answers) == n else np.tile(np.arange(n_rows), n)
        for mask, members, added in zip(self._parts, self._members, mask_by_mask, strict=True):
            keys = list(zip(*[told[player] for player in members], strict=True))
            if len(keys) == 1:
                added[:, 0] += self._add_up_kept(mask, *keys[0])
                continue
            place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
            table = np.stack([self._add_up_kept(mask, *key) for key in place])
            which = np.array([place[key] for key in keys])
            if row is None:
                added += table[which].swapaxes(0, 1)
            else:
                added += table[which, :, row].T.reshape(added.shape)

    def _add_up(self, mask: int, *told: bytes) -> FloatArray:
        """Return what a set adds (n_outcomes, n_rows), the patient having answered so."""
        found = np.zeros(self._shape)
        for h, part in self._parts[mask].items():
            product = part.rest
            for packed, asked, left, rows in zip(
                told, part.asked, part.left, part.rows, strict=True
            ):
                # At the end what is always so, as no question is asked.
                bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8)) > 0
                answered = np.append(bits, True)[asked] == left
                product = product * (answered.all(axis=1)[:, np.newaxis] * 1.0 - rows)
            found[h] = product.sum(axis=0)
        return found


def _pack(answers: BoolArray) -> list[bytes]:
    """Return each row of answers (n, n_questions) as bytes."""
    packed = np.ascontiguousarray(np.packbits(answers, axis=1))
    return [bytes(row) for row in packed.view(f"V{packed.shape[1]}").ravel().tolist()]


def _list_players(mask: int) -> list[int]:
    return [j for j in range(mask.bit_length()) if mask >> j & 1]


def _gather(
    leaves: Sequence[_Leaf], background: Mapping[int, BoolArray]
) -> dict[int, dict[int, _Part]]:
    """Return by set and outcome what adds up; `background` holds the rows' answers by player."""
    of_set: dict[int, dict[int, list[_Leaf]]] = defaultdict(lambda: defaultdict(list))
    for leaf in leaves:
        players = sorted(leaf.asked)
        for size in range(1, len(players) + 1):
            for some in combinations(players, size):
                of_set[sum(1 << j for j in some)][leaf.outcome].append(leaf)
    return {
        mask: {h: _join(_list_players(mask), own, background) for h, own in by_outcome.items()}
        for mask, by_outcome in sorted(of_set.items())
    }


def _join(
    players: Sequence[int], leaves: Sequence[_Leaf], background: Mapping[int, BoolArray]
) -> _Part:
    n_rows = len(next(iter(background.values())))
    rest = np.empty((len(leaves), n_rows))
    deep = {p: max(len(leaf.asked[p]) for leaf in leaves) for p in players}
    asked = {p: np.full((len(leaves), deep[p]), -1, dtype=np.intp) for p in players}
    left = {p: np.ones((len(leaves), deep[p]), dtype=bool) for p in players}
    rows = {p: np.empty((len(leaves), n_rows), dtype=bool) for p in players}
    for i, leaf in enumerate(leaves):
        rest[i] = leaf.value
        for player, on_way in leaf.asked.items():
            which, how = (np.array(one) for one in zip(*on_way, strict=True))
            agrees = (background[player][:, which] == how).all(axis=1)
            if player not in asked:
                rest[i] *= agrees
                continue
            rows[player][i] = agrees
            asked[player][i, : len(which)], left[player][i, : len(how)] = which, how
    return _Part(rest, list(asked.values()), list(left.values()), list(rows.values()))


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


def _walk(outcome: OutcomeModel) -> Iterator[tuple[float, _Way]]:
    """Yield the leaves of an outcome's trees: weighed values and what is asked on the way."""
    told = load_trees(outcome.trees).dump_model(num_iteration=outcome.n_trees)
    for tree in told["tree_info"]:
        for value, way in _list_leaves(tree["tree_structure"], outcome.basis.groups_, {}):
            yield outcome.tree_weight * value, way


def count_most_asked(outcomes: Sequence[OutcomeModel]) -> int:
    """Return how many predictors are asked on the way to the leaf that asks most of them."""
    ways = [way for outcome in outcomes if outcome.has_trees for _, way in _walk(outcome)]
    return max((len(way) for way in ways), default=0)
