"""Whether somebody's numbers can be solved from all that a centre has shared.

A sum over patients hides each of them; many sums do not. Six columns, a gradient and a curvature
are 27 equations, and five rounds of them more than thirty patients have numbers. Counting is not
enough, since sums at neighbouring coefficients tell nearly the same: what counts is how far each
patient's numbers can be moved without any shared number changing by more than its rounding. That
is linear algebra: the derivative of everything that is shared with respect to every number, in
units of the rounding; what an attacker still does not know is the posterior spread of a linear
model with these equations, who began with knowing mean and spread of the centre.

The attacker here knows more than any real one: every flag, category and outcome, which values are
missing, and nearly the right answer, to start from. A number on a coarse scale can moreover be only
one of a few values; where all are so, or there is no number at all, equations of high precision
tell the table of who has which values, and each of its cells has to reach the limit.

An attacker who knows *all other* patients of the centre subtracts them: exact sums then give him
the last one's row. No rounding that leaves the estimate intact stops that; only noise does
(:mod:`training.network.disclosure.noise`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.transformers import PredictorBasis

__all__ = [
    "SharedNumbers",
    "SharedPoint",
    "Unknowns",
    "check_solvable",
    "compute_point",
    "compute_remaining",
    "differentiate_point",
    "find_unknowns",
]

_STEP = 1e-5
"""By how much numbers are moved, in spreads, where a derivative is taken by difference."""
_OF_A_STEP = 0.5
"""With a standard deviation of half a step, the nearest value of the scale is right two times in
three."""
_LARGEST = 1e150
"""Singular values beyond it are cut, since their square has no finite number."""
_FINE = 30
"""Steps of a scale from which on a number counts as continuous; 0 to 10 is not."""


@dataclass(frozen=True, eq=False)
class SharedPoint:
    """Sums over patients of a log-likelihood's derivatives at one place, as they are written.

    A place that depends on the patients (a mode of their own) has to be rounded before the sums are
    computed there, to no more decimals than the gradient: a mode in full precision is a gradient of
    0 in full precision.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Outcome, 0 or 1; NaN for a patient who is not in these sums. The rows are those of the
        `X` that is checked, so that outcomes of different patients count together.
    at : ndarray of shape (1 + n_used,)
        Intercept and coefficients of the columns used.
    columns : ndarray of bool of shape (n_columns,)
        Columns of the basis that are used.
    told : ndarray of bool of shape (n_columns,), or None
        Those of the columns used in which the derivatives are told; None: in all of them.
    gradient, curvature, value : int or None
        Decimals to which each is written; None: it is not shared. The value is the
        log-likelihood; a deviance is twice that, so give one decimal more.
    gradient_noise, curvature_noise : float
        Standard deviation of noise added to each entry.
    """

    y: FloatArray
    at: FloatArray
    columns: BoolArray
    told: BoolArray | None = None
    gradient: int | None = None
    curvature: int | None = None
    value: int | None = None
    gradient_noise: float = 0.0
    curvature_noise: float = 0.0

    @property
    def derived(self) -> BoolArray:
        """Which of the intercept and the columns used the derivatives are told in."""
        told = self.columns if self.told is None else self.told
        return np.append(True, told[self.columns])

    @property
    def errors(self) -> FloatArray:
        """Standard deviation of what rounding and noise do, for each number shared."""
        size = int(self.derived.sum())
        parts = [
            np.full(count, np.hypot(_round_error(decimals), noise))
            for count, decimals, noise in (
                (1, self.value, 0.0),
                (size, self.gradient, self.gradient_noise),
                (size * (size + 1) // 2, self.curvature, self.curvature_noise),
            )
            if decimals is not None
        ]
        return np.concatenate(parts) if parts else np.empty(0)


def _round_error(decimals: int) -> float:
    """Return the standard deviation of rounding: uniform over one unit."""
    return float(10.0**-decimals / np.sqrt(12))


@dataclass(frozen=True, eq=False)
class Unknowns:
    """What an attacker would like to know: numbers that change something when they are moved.

    Parameters
    ----------
    patients, predictors : ndarray of int of shape (n_unknowns,)
        Whose number, and which.
    spreads : ndarray of shape (n_unknowns,)
        SD of that number over the centre's patients, on the scale on which it enters the model.
    slopes : ndarray of shape (n_unknowns, n_columns)
        Change of the patient's columns when it is moved by one spread.
    """

    patients: IntArray
    predictors: IntArray
    spreads: FloatArray
    slopes: FloatArray


def _move(X: FloatArray, basis: PredictorBasis, j: int, by: float) -> FloatArray:
    """Return rows with one number moved, on the scale on which it enters the model."""
    moved = X.copy()
    column = X[:, j]
    moved[:, j] = np.expm1(np.log1p(column) + by) if basis.logged_[j] else column + by
    return moved


def find_unknowns(X: FloatArray, basis: PredictorBasis) -> Unknowns:
    """Return the numbers that can be moved: known, and within the ends that the basis clips at.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    basis : PredictorBasis
        Fitted.
    """
    patients, predictors, spreads, slopes = [], [], [], []
    for j in range(X.shape[1]):
        if j in dict(basis.categories or {}):
            continue
        column = X[:, j]
        free = np.flatnonzero((column > basis.low_[j]) & (column < basis.high_[j]))  # NaN: not free
        on_scale = np.log1p(column[free]) if basis.logged_[j] else column[free]
        spread = float(np.std(on_scale)) if len(free) > 1 else 0.0
        if spread <= 0:
            continue
        step = _STEP * spread
        rise = basis.expand(_move(X, basis, j, step)) - basis.expand(_move(X, basis, j, -step))
        patients.append(free)
        predictors.append(np.full(len(free), j))
        spreads.append(np.full(len(free), spread))
        slopes.append(rise[free] / (2 * _STEP))
    if not patients:
        none = np.empty(0, dtype=np.intp)
        return Unknowns(none, none, np.empty(0), np.empty((0, len(basis.groups_))))
    return Unknowns(
        np.concatenate(patients).astype(np.intp),
        np.concatenate(predictors).astype(np.intp),
        np.concatenate(spreads),
        np.concatenate(slopes),
    )


@dataclass(frozen=True, eq=False)
class SharedNumbers:
    """Any other smooth numbers that a centre shares, such as a loss or a Brier score.

    Parameters
    ----------
    differentiate : callable of Unknowns to ndarray (n_numbers, n_unknowns)
        The change of the numbers, before rounding, when an unknown is moved by one spread.
    decimals : int
        To which they are written.
    """

    differentiate: Callable[[Unknowns], FloatArray]
    decimals: int


def compute_point(Z: FloatArray, point: SharedPoint) -> FloatArray:
    """Return the numbers (n_numbers,) of a point, unrounded: value, gradient, upper curvature.

    Parameters
    ----------
    Z : ndarray of shape (n, n_columns)
        Design matrix without the intercept.
    point : SharedPoint
        What is shared.
    """
    counted = ~np.isnan(point.y)
    design = np.column_stack([np.ones(int(counted.sum())), Z[np.ix_(counted, point.columns)]])
    y, margin = point.y[counted], design @ point.at
    design = design[:, point.derived]
    risk = expit(margin)
    parts: list[FloatArray] = []
    if point.value is not None:
        parts.append(np.array([-np.sum(np.logaddexp(0.0, margin) - y * margin)]))
    if point.gradient is not None:
        parts.append((y - risk) @ design)
    if point.curvature is not None:
        curvature = (design * (risk * (1 - risk))[:, np.newaxis]).T @ design
        parts.append(curvature[np.triu_indices(len(curvature))])
    return np.concatenate(parts) if parts else np.empty(0)


def differentiate_point(Z: FloatArray, point: SharedPoint, unknowns: Unknowns) -> FloatArray:
    """Return the derivative (n_numbers, n_unknowns) of a point's numbers by each unknown.

    Parameters
    ----------
    Z, point
        As in :func:`compute_point`.
    unknowns : Unknowns
        What is moved, by one spread.
    """
    rows = unknowns.patients
    y = point.y[rows]
    ones, zeros = np.ones((len(rows), 1)), np.zeros((len(rows), 1))
    design = np.hstack([ones, Z[np.ix_(rows, point.columns)]])
    slopes = np.hstack([zeros, unknowns.slopes[:, point.columns]])
    risk = expit(design @ point.at)[:, np.newaxis]
    weight, rise = risk * (1 - risk), (slopes @ point.at)[:, np.newaxis]
    design, slopes = design[:, point.derived], slopes[:, point.derived]
    residual = y[:, np.newaxis] - risk
    parts = []
    if point.value is not None:
        parts.append(residual * rise)
    if point.gradient is not None:
        parts.append(residual * slopes - weight * rise * design)
    if point.curvature is not None:
        upper = np.triu_indices(design.shape[1])
        square = design[:, upper[0]] * design[:, upper[1]]
        mixed = slopes[:, upper[0]] * design[:, upper[1]]
        mixed = mixed + design[:, upper[0]] * slopes[:, upper[1]]
        parts.append(weight * (1 - 2 * risk) * rise * square + weight * mixed)
    found = np.hstack(parts) if parts else np.empty((len(rows), 0))
    found[np.isnan(y)] = 0.0
    return np.asarray(found.T)


def compute_remaining(
    X: FloatArray, basis: PredictorBasis, shared: Sequence[SharedPoint | SharedNumbers]
) -> FloatArray:
    """Return how uncertain each patient's numbers remain for who has all that was shared.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors of all patients who are in any sum, NaN where missing.
    basis : PredictorBasis
        Fitted.
    shared : sequence of SharedPoint or SharedNumbers
        Everything, over all rounds and outcomes so far and the round about to leave.

    Returns
    -------
    ndarray of shape (n, n_predictors)
        Standard deviation in units of the number's spread at the centre: 1 where nothing was
        learnt, 0 where it is solved. NaN for flags and categories, what is missing, and what lies
        at or beyond an end at which the basis clips: of that, only the side is ever told. Where
        what was shared has no finite derivative, everything counts as solved.
    """
    remaining = np.full(X.shape, np.nan)
    unknowns = find_unknowns(X, basis)
    if not len(unknowns.patients):
        return remaining
    Z = basis.expand(X)
    blocks = [np.zeros((1, len(unknowns.patients)))]
    with np.errstate(all="ignore"):  # what overflows is not finite, and found below
        for one in shared:
            if isinstance(one, SharedPoint):
                found = differentiate_point(Z, one, unknowns) / one.errors[:, np.newaxis]
            else:
                found = one.differentiate(unknowns) / _round_error(one.decimals)
            blocks.append(found)
    moved = np.vstack(blocks)
    if not np.isfinite(moved).all():
        remaining[unknowns.patients, unknowns.predictors] = 0.0
        return remaining
    _, size, axes = np.linalg.svd(moved, full_matrices=False)
    size = np.minimum(size, _LARGEST)
    told = (axes**2 * (size**2 / (1 + size**2))[:, np.newaxis]).sum(axis=0)
    remaining[unknowns.patients, unknowns.predictors] = np.sqrt(np.clip(1 - told, 0.0, 1.0))
    return remaining


def check_solvable(
    X: FloatArray,
    basis: PredictorBasis,
    shared: Sequence[SharedPoint | SharedNumbers],
    *,
    remaining: float,
    cell: int,
    steps: FloatArray | None = None,
) -> list[str]:
    """Return why a round may not leave; empty where it may.

    A patient is safe while at least one of his numbers stays uncertain by the limit and, where it
    is known on a scale of steps, by half a step. Numbers that the basis clips cannot be solved.

    Parameters
    ----------
    X, basis, shared
        As in :func:`compute_remaining`, with the round about to leave.
    remaining : float
        Smallest uncertainty that is left, in spreads, in (0, 1).
    cell : int
        Fewest patients of a cell, for predictors that are all flags, categories or coarse.
    steps : ndarray of shape (n_predictors,) or None
        Step in which each number is recorded, in its unit (the dictionary's `precision`); NaN for
        a flag or category. None: numbers are continuous.

    Returns
    -------
    list of str
        Sentences that say how many patients, which limit and what to do; never who.
    """
    if not _has_fine_number(basis, X.shape[1], steps):
        return _check_table(X, shared, cell=cell)
    uncertain = compute_remaining(X, basis, shared)
    enough = uncertain >= np.maximum(remaining, _measure_steps(X, basis, steps))
    at_stake = np.isin(np.arange(len(X)), find_unknowns(X, basis).patients)
    solved = int(np.sum(at_stake & ~enough.any(axis=1)))
    if not solved:
        return []
    told = str(solved) if solved >= cell else f"fewer than {cell}"
    return [
        f"{told} of {len(X)} patients would have no number left that stays uncertain by at least "
        f"{remaining:g} of its spread (and by half a step of its scale); agree on fewer rounds, "
        "fewer columns (straight in place of bends), fewer decimals of the curvature, or noise"
    ]


def _has_fine_number(basis: PredictorBasis, n_predictors: int, steps: FloatArray | None) -> bool:
    """Say whether any predictor has so many possible values that it is no category."""
    categories = dict(basis.categories or {})
    numbers = [j for j in range(n_predictors) if j not in categories]
    if steps is None:
        return bool(numbers)
    return any((basis.high_[j] - basis.low_[j]) / steps[j] >= _FINE for j in numbers)


def _measure_steps(X: FloatArray, basis: PredictorBasis, steps: FloatArray | None) -> FloatArray:
    """Return half the step (n, n_predictors) of each number, in spreads; 0 where it has none."""
    found = np.zeros(X.shape)
    if steps is None:
        return found
    unknowns = find_unknowns(X, basis)
    i, j = unknowns.patients, unknowns.predictors
    on_scale = np.where(basis.logged_[j], 1 / (1 + X[i, j]), 1.0)
    found[i, j] = _OF_A_STEP * np.nan_to_num(steps[j]) * on_scale / unknowns.spreads
    return found


def _check_table(
    X: FloatArray, shared: Sequence[SharedPoint | SharedNumbers], *, cell: int
) -> list[str]:
    """Return why predictors that are all flags, categories or coarse may not be shared."""
    outcomes = [point.y for point in shared if isinstance(point, SharedPoint)]
    table = np.nan_to_num(np.column_stack([X, *outcomes]), nan=-1.0)
    _, counts = np.unique(table, axis=0, return_counts=True)
    few = int(np.sum(counts < cell))
    if not few:
        return []
    return [
        f"{few} of the {len(counts)} groups of patients with the same predictors and outcome have "
        f"fewer than {cell}; sums over patients whose predictors are all flags, categories or "
        "coarse numbers tell how large each group is; agree on fewer predictors, wider categories, "
        "a number that is measured finely, or noise"
    ]
