"""The columns that a Bayesian member may use: straight, bent, cut, and of two predictors together.

They are made from the columns of one basis, and every coefficient on them can be written as
coefficients on that basis and on products of two of its columns: what is frozen knows the basis and
the products only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis

__all__ = [
    "BEND",
    "CUTS",
    "KNOTS",
    "PRODUCT",
    "STEP",
    "STRAIGHT",
    "SWITCH",
    "Effects",
    "make_effects",
]

KNOTS = 4
"""Knots of each number: two bends."""
CUTS = tuple(place / 20 for place in range(1, 20))
"""Shares at whose quantiles each number may step."""
STRAIGHT, BEND, PRODUCT, STEP, SWITCH = range(5)
"""What columns there are. A product is of two straight columns. A switch is of a step and another
predictor's step or flag: an effect that another predictor turns round or switches on."""
_OUTER = (0.3, 0.7)
"""Shares near which the steps of a switch lie, beside the one near the middle."""
_MIN_SPREAD = 0.3
"""Smallest spread by which a product is divided; see `features.dictionary.transformers`."""
_MIN_BEND = 0.1
"""Smallest spread by which a bend is divided. What little the straight columns of a handful of
patients leave of it may be far more in the next one."""
_NOTHING = 1e-8


@dataclass(frozen=True, eq=False)
class Effects:
    """The columns of one set of patients, and the way back to their basis.

    Parameters
    ----------
    columns : ndarray of shape (n, n_effects)
        Mean 0; bends have nothing left that a straight line would tell.
    kinds : ndarray of int of shape (n_effects,)
        :data:`STRAIGHT`, :data:`BEND`, :data:`PRODUCT`, :data:`STEP` or :data:`SWITCH`.
    needs : ndarray of bool of shape (n_effects, n_predictors)
        The raw predictors that a column is made of.
    pairs : ndarray of int of shape (n_pairs, 2)
        The two columns of the basis behind each product and switch, in their order.
    to_basis : ndarray of shape (1 + n_effects, 1 + n_columns + n_pairs)
        ``[intercept, coefficients] @ to_basis`` are the intercept and the coefficients of the
        basis's columns and of the products of `pairs`.
    """

    columns: FloatArray
    kinds: IntArray
    needs: BoolArray
    pairs: IntArray
    to_basis: FloatArray


def make_effects(basis: PredictorBasis, Z: FloatArray) -> Effects:
    """Return the columns of patients.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted on them, with bends and steps as far as they are wanted.
    Z : ndarray of shape (n, n_columns)
        Their rows of the basis.
    """
    n_columns = Z.shape[1]
    is_step = ~np.isnan(basis.cut_)
    straight = np.flatnonzero(basis.linear_)
    bends = np.flatnonzero(~basis.linear_ & ~is_step)
    steps = np.flatnonzero(is_step)
    design = np.column_stack([np.ones(len(Z)), Z[:, straight]])
    along = np.linalg.lstsq(design, Z[:, bends], rcond=None)[0]
    left = Z[:, bends] - design @ along
    spread = left.std(axis=0)
    bent = spread > _NOTHING
    spread = np.maximum(spread, _MIN_BEND)
    products = _pair_straight(basis, straight)
    switches = _pair_steps(basis, straight, Z)
    pairs = np.array([*products, *switches], dtype=np.intp).reshape(-1, 2)
    together = Z[:, pairs[:, 0]] * Z[:, pairs[:, 1]]
    middle, width = together.mean(axis=0), together.std(axis=0)
    told = width > _NOTHING
    kinds = np.repeat([PRODUCT, SWITCH], [len(products), len(switches)])[told]
    pairs, middle = pairs[told], middle[told]
    width = np.maximum(width[told], _MIN_SPREAD)
    groups = basis.groups_
    needs = np.zeros((len(straight) + bent.sum() + len(pairs) + len(steps), basis.n_features_in_))
    columns = [straight, bends[bent], pairs[:, 0], steps]
    at = np.arange(len(needs))
    needs[at, groups[np.concatenate(columns)]] = 1
    first_pair = len(straight) + int(bent.sum())
    needs[first_pair + np.arange(len(pairs)), groups[pairs[:, 1]]] = 1
    way = np.zeros((1 + len(needs), 1 + n_columns + len(pairs)))
    way[0, 0] = 1.0
    way[1 + at[: len(straight)], 1 + straight] = 1.0
    rows = 1 + len(straight) + np.arange(int(bent.sum()))
    way[rows, 1 + bends[bent]] = 1 / spread[bent]
    way[rows[:, np.newaxis], np.append(0, 1 + straight)] -= (along[:, bent] / spread[bent]).T
    rows = 1 + first_pair + np.arange(len(pairs))
    way[rows, 1 + n_columns + np.arange(len(pairs))] = 1 / width
    way[rows, 0] = -middle / width
    way[1 + first_pair + len(pairs) + np.arange(len(steps)), 1 + steps] = 1.0
    return Effects(
        columns=np.column_stack(
            [
                Z[:, straight],
                left[:, bent] / spread[bent],
                (together[:, told] - middle) / width,
                Z[:, steps],
            ]
        ),
        kinds=np.concatenate(
            [
                np.full(len(straight), STRAIGHT),
                np.full(bent.sum(), BEND),
                kinds,
                np.full(len(steps), STEP),
            ]
        ),
        needs=needs.astype(bool),
        pairs=pairs,
        to_basis=way,
    )


def _pair_straight(basis: PredictorBasis, straight: IntArray) -> list[tuple[int, int]]:
    """Return the pairs of straight columns of two predictors."""
    groups = basis.groups_
    return [(i, j) for i, j in combinations(straight.tolist(), 2) if groups[i] != groups[j]]


def _pair_steps(basis: PredictorBasis, straight: IntArray, Z: FloatArray) -> list[tuple[int, int]]:
    """Return the pairs of a step with another predictor's step or flag.

    Of two numbers, one is cut near its middle and the other near one of three places.
    """
    cuts: dict[int, tuple[int, list[int]]] = {}
    for group in np.unique(basis.groups_).tolist():
        own = np.flatnonzero((basis.groups_ == group) & ~np.isnan(basis.cut_))
        if own.size:
            above = np.mean(Z[:, own] > 0, axis=0)
            near = [int(own[np.argmin(np.abs(1 - above - share))]) for share in (0.5, *_OUTER)]
            cuts[group] = near[0], sorted(set(near))
        elif group in (basis.categories or {}):
            flags = straight[basis.groups_[straight] == group].tolist()
            cuts[group] = -1, flags
    pairs: list[tuple[int, int]] = []
    for (middle, some), (centre, others) in combinations(cuts.values(), 2):
        if middle < 0 and centre < 0:
            continue
        one_side = product(some, others if centre < 0 else [centre])
        other_side = product(some if middle < 0 else [middle], others)
        pairs += sorted({*one_side, *other_side})
    return pairs
