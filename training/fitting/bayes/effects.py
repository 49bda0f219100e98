"""The columns that a Bayesian member may use: straight, bent, cut, and of two predictors together.

They are made from the columns of one basis, and every coefficient on them can be written as
coefficients on that basis and on products of two of its columns: what is frozen knows the basis and
the products only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes.kinds import choose_kinds

__all__ = [
    "BEND",
    "KNOTS",
    "PRODUCT",
    "STEP",
    "STRAIGHT",
    "SWITCH",
    "Effects",
    "draw_in",
    "make_effects",
]

KNOTS = 4
"""Knots of each number: two bends."""
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
        Mean 0; bends have nothing left that a straight line would tell. Of a patient with gaps,
        the mean over the ways in which they are filled.
    kinds : ndarray of int of shape (n_effects,)
        :data:`STRAIGHT`, :data:`BEND`, :data:`PRODUCT`, :data:`STEP` or :data:`SWITCH`.
    needs : ndarray of bool of shape (n_effects, n_predictors)
        The raw predictors that a column is made of.
    pairs : ndarray of int of shape (n_pairs, 2)
        The two columns of the basis behind each product and switch, in their order.
    to_basis : ndarray of shape (1 + n_effects, 1 + n_columns + n_pairs)
        ``[intercept, coefficients] @ to_basis`` are the intercept and the coefficients of the
        basis's columns and of the products of `pairs`.
    damping : ndarray of shape (n,)
        By how much a patient's log-odds are drawn in because of what gaps leave open.
    filled : ndarray of shape (n_rows, n_effects)
        The columns of every filling, patient by patient; empty where there are no gaps.
    counts : ndarray of int of shape (n,)
        How many fillings each patient has.
    """

    columns: FloatArray
    kinds: IntArray
    needs: BoolArray
    pairs: IntArray
    to_basis: FloatArray
    damping: FloatArray
    filled: FloatArray
    counts: IntArray

    @cached_property
    def design(self) -> FloatArray:
        """The columns (n, 1 + n_effects) behind one of ones, as far as gaps leave them."""
        design = np.empty((len(self.columns), 1 + self.columns.shape[1]))
        design[:, 0] = 1.0
        design[:, 1:] = self.columns
        design *= self.damping[:, np.newaxis]
        return design

    @property
    def has_gaps(self) -> bool:
        """Whether any patient has several fillings."""
        return len(self.filled) > 0

    def forget_columns(self) -> Effects:
        """Return the effects with nothing of the patients but their design."""
        none = self.columns[:0].copy()
        lean = replace(self, columns=none, filled=none)
        vars(lean)["design"] = self.design
        return lean

    def dampen(self, coef: FloatArray) -> Effects:
        """Return the effects with the damping that coefficients (n_effects,) ask for.

        The mean risk over normally spread log-odds is that of their middle, drawn in.
        """
        margin = self.filled @ coef
        away = margin - np.repeat(_average(margin, self.counts), self.counts)
        return replace(self, damping=draw_in(_average(away**2, self.counts)))


def draw_in(variance: FloatArray) -> FloatArray:
    """Return by how much log-odds are drawn in where the mean risk is wanted, not the middle one.

    The mean of the logistic function over a normal distribution, MacKay 1992,
    doi:10.1162/neco.1992.4.5.720.
    """
    return np.asarray(1 / np.sqrt(1 + np.pi * variance / 8))


def make_effects(basis: PredictorBasis, Z: FloatArray, patients: IntArray | None = None) -> Effects:
    """Return the columns of patients.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted on them, with bends and steps as far as they are wanted.
    Z : ndarray of shape (n_rows, n_columns)
        Their rows of the basis.
    patients : ndarray of int of shape (n_rows,) or None
        Whose row each is, ascending from 0: several of a patient are the ways in which the gaps
        are filled, and count as one. None: one row each.
    """
    patients = np.arange(len(Z)) if patients is None else patients
    counts = np.bincount(patients)
    share = 1 / (counts[patients] * len(counts))
    straight = np.flatnonzero(basis.linear_)
    bends = np.flatnonzero(~basis.linear_ & np.isnan(basis.cut_))
    steps = np.flatnonzero(~np.isnan(basis.cut_))
    along, left = _take_straight(Z, straight, bends, share)
    spread = _describe(left, share)[1]
    bent = spread > _NOTHING
    spread = np.maximum(spread[bent], _MIN_BEND)
    numbers = int(basis.n_features_in_) - len(basis.categories or {})
    kinds = choose_kinds(len(counts), n_numbers=numbers, n_flags=len(straight) - numbers)
    products = _pair_straight(basis, straight) if kinds.products else []
    switches = _pair_steps(basis, straight, Z, share) if kinds.steps else []
    pairs = np.array([*products, *switches], dtype=np.intp).reshape(-1, 2)
    together = Z[:, pairs[:, 0]] * Z[:, pairs[:, 1]]
    middle, width = _describe(together, share)
    told = width > _NOTHING
    of_pairs = np.repeat([PRODUCT, SWITCH], [len(products), len(switches)])[told]
    pairs, middle, width = pairs[told], middle[told], np.maximum(width[told], _MIN_SPREAD)
    bends, along, left = bends[bent], along[:, bent] / spread, left[:, bent] / spread
    filled = Z  # many patients have straight columns alone
    if len(straight) < Z.shape[1] or len(pairs):
        filled = np.column_stack([Z[:, straight], left, together[:, told], Z[:, steps]])
        del together  # of a million patients, gigabytes
        acting = filled[:, len(straight) + len(bends) : filled.shape[1] - len(steps)]
        acting -= middle
        acting /= width
    sizes = [len(straight), len(bends), len(steps)]
    named = np.repeat([STRAIGHT, BEND, STEP], sizes)
    named = np.insert(named, [sizes[0] + sizes[1]] * len(pairs), of_pairs)
    needs = np.zeros((len(named), basis.n_features_in_), dtype=bool)
    way = np.zeros((1 + len(named), 1 + Z.shape[1] + len(pairs)))
    way[0, 0] = 1.0
    alone = np.flatnonzero(~np.isin(named, (PRODUCT, SWITCH)))
    columns = np.concatenate([straight, bends, steps])
    needs[alone, basis.groups_[columns]] = True
    way[1 + alone, 1 + columns] = 1.0
    bend = 1 + np.flatnonzero(named == BEND)
    way[bend, 1 + bends] = 1 / spread
    way[bend[:, np.newaxis], np.append(0, 1 + straight)] -= along.T
    both = np.flatnonzero(np.isin(named, (PRODUCT, SWITCH)))
    needs[both[:, np.newaxis], basis.groups_[pairs]] = True
    way[1 + both, 1 + Z.shape[1] + np.arange(len(pairs))] = 1 / width
    way[1 + both, 0] = -middle / width
    has_gaps = len(filled) > len(counts)
    return Effects(
        columns=_average(filled, counts) if has_gaps else filled,
        kinds=named,
        needs=needs,
        pairs=pairs,
        to_basis=way,
        damping=np.ones(len(counts)),
        filled=filled if has_gaps else filled[:0],
        counts=counts,
    )


def _take_straight(
    Z: FloatArray, straight: IntArray, bends: IntArray, share: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what straight columns tell of bends, and what they leave of them."""
    if not bends.size:
        return np.empty((1 + len(straight), 0)), np.empty((len(Z), 0))
    root = np.sqrt(share)[:, np.newaxis]
    design = np.column_stack([np.ones(len(Z)), Z[:, straight]])
    along = np.linalg.lstsq(design * root, Z[:, bends] * root, rcond=None)[0]
    return along, Z[:, bends] - design @ along


def _describe(columns: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of columns whose rows count by their share."""
    mean = share @ columns
    return mean, np.sqrt(share @ (columns - mean) ** 2)


def _average(rows: FloatArray, counts: IntArray) -> FloatArray:
    """Return the mean of each patient's rows, which stand together."""
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(rows, starts, dtype=np.float64)
    means /= counts.reshape(-1, *[1] * (rows.ndim - 1))
    return np.asarray(means)


def _pair_straight(basis: PredictorBasis, straight: IntArray) -> list[tuple[int, int]]:
    """Return the pairs of straight columns of two predictors."""
    groups = basis.groups_
    return [(i, j) for i, j in combinations(straight.tolist(), 2) if groups[i] != groups[j]]


def _pair_steps(
    basis: PredictorBasis, straight: IntArray, Z: FloatArray, share: FloatArray
) -> list[tuple[int, int]]:
    """Return the pairs of a step with another predictor's step or flag.

    Of two numbers, one is cut near its middle and the other near one of three places.
    """
    cuts: dict[int, tuple[int, list[int]]] = {}
    for group in np.unique(basis.groups_).tolist():
        own = np.flatnonzero((basis.groups_ == group) & ~np.isnan(basis.cut_))
        if own.size:
            above = share @ (Z[:, own] > 0)
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
