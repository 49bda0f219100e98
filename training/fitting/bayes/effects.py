"""The columns that a Bayesian member may use: straight, bent, cut, and of two predictors together.

They are made from the columns of one basis, and every coefficient on them can be written as
coefficients on that basis and on products of two of its columns: what is frozen knows the basis and
the products only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, pairwise, product

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis
from training.fitting.bayes.directions import list_blocks
from training.fitting.bayes.kinds import choose_kinds
from training.measures.many import MANY

__all__ = [
    "BEND",
    "KNOTS",
    "PRODUCT",
    "STEP",
    "STRAIGHT",
    "SWITCH",
    "Effects",
    "count_effects",
    "draw_in",
    "gather_effects",
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
_CELLS_IN_CACHE = 1 << 18
"""Rows x columns of a block that stays in a processor's cache: 2 MB."""


@dataclass(frozen=True, eq=False)
class Effects:
    """The columns of one set of patients, and the way back to their basis.

    Parameters
    ----------
    design : ndarray of shape (n, 1 + n_effects)
        The columns behind one of ones, times `damping`. Undamped they have mean 0; bends have
        nothing left that a straight line would tell. Of a patient with gaps, the mean over the ways
        in which they are filled.
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
    apart : ndarray of shape (n_rows, n_straight)
        The straight columns of every filling of the patients with gaps, patient by patient, less
        the patient's mean.
    counts : ndarray of int of shape (n,)
        How many fillings each patient has: 1 without gaps, else 2 or more.
    """

    design: FloatArray
    kinds: IntArray
    needs: BoolArray
    pairs: IntArray
    to_basis: FloatArray
    damping: FloatArray
    apart: FloatArray
    counts: IntArray

    @property
    def has_gaps(self) -> bool:
        """Whether any patient has several fillings."""
        return len(self.apart) > 0

    def forget_fillings(self) -> Effects:
        """Return the effects with nothing of the patients but their design."""
        return replace(self, apart=self.apart[:0].copy())

    def dampen(self, coef: FloatArray) -> None:
        """Damp the design where it lies, for want of room for two.

        The mean risk over normally spread log-odds is that of their middle, drawn in.

        Parameters
        ----------
        coef : ndarray of shape (n_straight,)
            Of the straight columns, in log-odds; it says how far apart a patient's fillings are.
        """
        open_ = self.counts > 1
        damping = np.ones(len(self.counts))
        damping[open_] = draw_in(_average((self.apart @ coef) ** 2, self.counts[open_]))
        for rows in list_blocks(len(damping)):
            self.design[rows] *= (damping[rows] / self.damping[rows])[:, np.newaxis]
        self.damping[:] = damping


def draw_in(variance: FloatArray) -> FloatArray:
    """Return by how much log-odds are drawn in where the mean risk is wanted, not the middle one.

    The mean of the logistic function over a normal distribution, MacKay 1992,
    doi:10.1162/neco.1992.4.5.720.
    """
    return np.asarray(1 / np.sqrt(1 + np.pi * variance / 8))


def make_effects(basis: PredictorBasis, Z: FloatArray, patients: IntArray | None = None) -> Effects:
    """Return the columns of patients whose rows of the basis are at hand.

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
    counts = np.ones(len(Z), dtype=np.intp) if patients is None else np.bincount(patients)
    ends = np.append(0, np.cumsum(counts))
    return gather_effects(basis, counts, lambda some: Z[ends[some.start] : ends[some.stop]])


def gather_effects(
    basis: PredictorBasis, counts: IntArray, expand: Callable[[slice], FloatArray]
) -> Effects:
    """Return the columns of patients whose rows of the basis are made a block at a time.

    Parameters
    ----------
    basis : PredictorBasis
        Fitted on them, with bends and steps as far as they are wanted.
    counts : ndarray of int of shape (n,)
        Rows of each patient, at least 1: several are the ways in which the gaps are filled, and
        count as one patient.
    expand : callable
        Gives the rows (n_rows, n_columns) of a slice of the patients, one patient after the other.
        It is called more than once for each where columns are to be compared before they are made.
    """
    blocks = _Blocks(counts, expand)
    found = _find_columns(basis, blocks)
    straight, bends, steps, pairs = found.straight, found.bends, found.steps, found.pairs
    along, spread, middle, width = found.along, found.spread, found.middle, found.width
    sizes = [len(straight), len(bends), len(steps)]
    named = np.repeat([STRAIGHT, BEND, STEP], sizes)
    named = np.insert(named, [sizes[0] + sizes[1]] * len(pairs), found.of_pairs)
    needs = np.zeros((len(named), basis.n_features_in_), dtype=bool)
    way = np.zeros((1 + len(named), 1 + len(basis.groups_) + len(pairs)))
    way[0, 0] = 1.0
    alone = np.flatnonzero(~np.isin(named, (PRODUCT, SWITCH)))
    columns = np.concatenate([straight, bends, steps])
    needs[alone, basis.groups_[columns]] = True
    way[1 + alone, 1 + columns] = 1.0
    bend = 1 + np.flatnonzero(named == BEND)
    way[bend, 1 + bends] = 1 / spread
    way[bend[:, np.newaxis], np.append(0, 1 + straight)] -= (along / spread).T
    both = np.flatnonzero(np.isin(named, (PRODUCT, SWITCH)))
    needs[both[:, np.newaxis], basis.groups_[pairs]] = True
    way[1 + both, 1 + len(basis.groups_) + np.arange(len(pairs))] = 1 / width
    way[1 + both, 0] = -middle / width
    design = np.empty((len(counts), 1 + len(named)))
    apart = np.empty((int(counts[counts > 1].sum()), len(straight)))
    filled = 0
    for some, Z in blocks.list_few(design.shape[1]):
        left = (Z[:, bends] - along[0] - Z[:, straight] @ along[1:]) / spread
        together = _multiply(Z, pairs)
        together -= middle[:, np.newaxis]
        together /= width[:, np.newaxis]
        rows = np.column_stack([Z[:, straight], left, together.T, Z[:, steps]])
        own = counts[some]
        design[some, 0], design[some, 1:] = 1.0, _average(rows, own)
        open_ = np.repeat(own > 1, own)
        means = np.repeat(design[some, 1 : 1 + len(straight)], own, axis=0)[open_]
        apart[filled : filled + len(means)] = rows[open_, : len(straight)] - means
        filled += len(means)
    return Effects(design, named, needs, pairs, way, np.ones(len(counts)), apart, counts)


def count_effects(
    basis: PredictorBasis, counts: IntArray, expand: Callable[[slice], FloatArray]
) -> int:
    """Return how many columns :func:`gather_effects` makes, none of which is made."""
    found = _find_columns(basis, _Blocks(counts, expand))
    return sum(map(len, (found.straight, found.bends, found.steps, found.pairs)))


@dataclass(frozen=True, eq=False)
class _Columns:
    """Which columns patients have, and what each is made with.

    Parameters
    ----------
    straight, bends, steps : ndarray of int
        Columns of the basis.
    along, spread : ndarray of shape (1 + n_straight, n_bends) and (n_bends,)
        What straight columns tell of bends, and by what the rest of them is divided.
    pairs, of_pairs : ndarray of int of shape (n_pairs, 2) and (n_pairs,)
        Columns of the basis that are multiplied, and the kind of their product.
    middle, width : ndarray of shape (n_pairs,)
        What is taken from a product, and what the rest is divided by.
    """

    straight: IntArray
    bends: IntArray
    steps: IntArray
    along: FloatArray
    spread: FloatArray
    pairs: IntArray
    of_pairs: IntArray
    middle: FloatArray
    width: FloatArray


def _find_columns(basis: PredictorBasis, blocks: _Blocks) -> _Columns:
    """Return the columns that so many patients bear, and that tell anything."""
    straight = np.flatnonzero(basis.linear_)
    bends = np.flatnonzero(~basis.linear_ & np.isnan(basis.cut_))
    steps = np.flatnonzero(~np.isnan(basis.cut_))
    along, spread = _take_straight(blocks, straight, bends)
    bent = spread > _NOTHING
    bends, along, spread = bends[bent], along[:, bent], np.maximum(spread[bent], _MIN_BEND)
    numbers = int(basis.n_features_in_) - len(basis.categories or {})
    kinds = choose_kinds(blocks.n_patients, n_numbers=numbers, n_flags=len(straight) - numbers)
    products = _pair_straight(basis, straight) if kinds.products else []
    switches = _pair_steps(basis, straight, blocks) if kinds.steps else []
    pairs = np.array([*products, *switches], dtype=np.intp).reshape(-1, 2)
    middle, width = _describe(blocks, pairs)
    told = width > _NOTHING
    of_pairs = np.repeat([PRODUCT, SWITCH], [len(products), len(switches)])[told]
    pairs, middle, width = pairs[told], middle[told], np.maximum(width[told], _MIN_SPREAD)
    return _Columns(straight, bends, steps, along, spread, pairs, of_pairs, middle, width)


class _Blocks:
    """The rows of patients, a block of them at a time; of few patients they are kept.

    Parameters
    ----------
    counts, expand
        As :func:`gather_effects` takes them.
    """

    def __init__(self, counts: IntArray, expand: Callable[[slice], FloatArray]) -> None:
        self._counts, self._expand = counts, expand
        self._kept: dict[int, FloatArray] = {}
        self.n_patients = len(counts)

    def __iter__(self) -> Iterator[tuple[slice, FloatArray]]:
        """Yield patients and their rows."""
        n = self.n_patients
        for some in list_blocks(n):
            some = slice(some.start, min(some.stop, n))
            Z = self._kept.get(some.start)
            if Z is None:
                Z = self._expand(some)
                if n <= MANY:
                    self._kept[some.start] = Z
            yield some, Z

    def list_few(self, n_columns: int) -> Iterator[tuple[slice, FloatArray]]:
        """Yield so few patients and their rows that the cache holds so many columns of them."""
        at_once = max(_CELLS_IN_CACHE // n_columns, 1)
        for some, Z in self:
            ends = np.append(0, np.cumsum(self._counts[some]))
            edges = np.searchsorted(ends[:-1], np.arange(0, len(Z), at_once))
            for first, beyond in pairwise(np.unique([*edges, len(ends) - 1]).tolist()):
                own = slice(some.start + first, some.start + beyond)
                yield own, Z[ends[first] : ends[beyond]]

    def weigh(self, some: slice) -> FloatArray:
        """Return by how much each row of a block counts; those of all blocks sum to 1."""
        own = self._counts[some]
        return np.repeat(1 / (own * self.n_patients), own)


def _take_straight(
    blocks: _Blocks, straight: IntArray, bends: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return what straight columns tell of bends, and the spread of what they leave of them."""
    n_told = 1 + len(straight)
    if not bends.size:
        return np.empty((n_told, 0)), np.empty(0)
    # Columns have the products that those of their triangular factor have, block after block.
    factor = np.empty((0, n_told + len(bends)))
    for some, Z in blocks:
        design = np.column_stack([np.ones(len(Z)), Z[:, straight], Z[:, bends]])
        design *= np.sqrt(blocks.weigh(some))[:, np.newaxis]
        factor = np.asarray(np.linalg.qr(np.vstack([factor, design]), mode="r"))
    along = np.linalg.lstsq(factor[:, :n_told], factor[:, n_told:], rcond=None)[0]
    left = factor[:, n_told:] - factor[:, :n_told] @ along
    return np.asarray(along), np.asarray(np.sqrt(np.sum(left**2, axis=0)))


def _describe(blocks: _Blocks, pairs: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the products of pairs of columns.

    Blocks are put together without a difference of large numbers: Chan et al. 1983,
    doi:10.1080/00031305.1983.10483115.
    """
    weight, mean, square = 0.0, np.zeros(len(pairs)), np.zeros(len(pairs))
    if not len(pairs):
        return mean, square
    for some, Z in blocks.list_few(len(pairs)):
        share = blocks.weigh(some)
        together = _multiply(Z, pairs)
        more = float(share.sum())
        own = together @ share / more
        apart, whole = own - mean, weight + more
        together -= own[:, np.newaxis]
        together *= together
        square += together @ share + apart**2 * weight * more / whole
        mean += apart * more / whole
        weight = whole
    return mean, np.sqrt(square)


def _multiply(Z: FloatArray, pairs: IntArray) -> FloatArray:
    """Return the products (n_pairs, n_rows) of pairs of columns."""
    across = np.ascontiguousarray(Z.T)  # columns whole in memory are quicker to gather
    found = across[pairs[:, 0]]
    found *= across[pairs[:, 1]]
    return np.asarray(found)


def _average(rows: FloatArray, counts: IntArray) -> FloatArray:
    """Return the mean of each patient's rows, which stand together."""
    if (counts == 1).all():
        return rows
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(rows, starts, dtype=np.float64)
    means /= counts.reshape(-1, *[1] * (rows.ndim - 1))
    return np.asarray(means)


def _pair_straight(basis: PredictorBasis, straight: IntArray) -> list[tuple[int, int]]:
    """Return the pairs of straight columns of two predictors."""
    groups = basis.groups_
    return [(i, j) for i, j in combinations(straight.tolist(), 2) if groups[i] != groups[j]]


def _pair_steps(
    basis: PredictorBasis, straight: IntArray, blocks: _Blocks
) -> list[tuple[int, int]]:
    """Return the pairs of a step with another predictor's step or flag.

    Of two numbers, one is cut near its middle and the other near one of three places.
    """
    steps = np.flatnonzero(~np.isnan(basis.cut_))
    shares = np.zeros(len(basis.cut_))
    for patients, Z in blocks:
        shares[steps] += blocks.weigh(patients) @ (Z[:, steps] > 0)
    cuts: dict[int, tuple[int, list[int]]] = {}
    for group in np.unique(basis.groups_).tolist():
        own = np.flatnonzero((basis.groups_ == group) & ~np.isnan(basis.cut_))
        if own.size:
            above = shares[own]
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
