"""How what a centre tells of a model's performance moves with each patient's risk.

Of the numbers that are told, as :mod:`training.network.arithmetic.evaluating` and
:mod:`training.network.arithmetic.risk_groups` compute them, weights taken as they are. An AUC
moves in steps, where two patients change places; its derivative is that of the same pairs counted
smoothly, by a normal kernel: what it tells of a move that is large enough to change places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from features.arrays import FloatArray, IntArray
from training.measures.recalibration import fit_in_the_large, fit_recalibration
from training.measures.weighted import clipped_logit
from training.network.arithmetic.evaluating import compute_weighted_mean
from training.network.arithmetic.risk_groups import group_risks, list_members

__all__ = ["differentiate_measures"]

_CONSTANT = 1e-9
"""Standard deviation of log-odds below which all are one."""


@dataclass(frozen=True, eq=False)
class MeasureSlopes:
    """Derivatives, a row for each number told and a column for each move.

    Parameters
    ----------
    measures : ndarray of shape (n_measures, n_moves)
        Brier score, O:E, calibration intercept and slope, if there is one; then the standard
        errors of the Brier score, of its skill, of the intercept and of the slope.
    ranks : ndarray of shape (0 or 2, n_moves)
        AUC and the standard error of its logit.
    sums : ndarray of shape (n_bins, n_moves)
        Of the risks in each bin of the groups.
    """

    measures: FloatArray
    ranks: FloatArray
    sums: FloatArray


@dataclass(frozen=True, eq=False)
class _Judged:
    """Patients, and whose log-odds of a risk are moved by how much."""

    y: FloatArray
    margin: FloatArray
    weight: FloatArray
    whose: IntArray
    moved: FloatArray


def differentiate_measures(
    y: FloatArray,
    p: FloatArray,
    weight: FloatArray,
    base: float,
    whose: IntArray,
    moved: FloatArray,
    *,
    limit: int,
) -> MeasureSlopes:
    """Return how the numbers that are told move where one patient's risk does.

    Parameters
    ----------
    y, p, weight : ndarray of shape (n,)
        Outcome, risk and weight of each patient.
    base : float
        The share of responders elsewhere.
    whose : ndarray of int of shape (n_moves,)
        Whose risk each move is of.
    moved : ndarray of shape (n_moves,)
        By how much it moves.
    limit : int
        Fewest patients that may be told of.
    """
    margin = clipped_logit(p)
    one = _Judged(y, margin, weight, whose, moved / (p * (1 - p))[whose])
    squares, whole = (y - p) ** 2, float(weight @ (y - base) ** 2 / weight.sum())
    of_squares = 2 * (p - y)[whose] * moved
    told = [
        weight[whose] * of_squares / weight.sum(),
        -float(weight @ y) / float(weight @ p) ** 2 * weight[whose] * moved,
    ]
    errors = [
        _move_error(squares, weight, whose, of_squares),
        _move_error((y - base) ** 2 - squares, weight, whose, -of_squares) / whole,
    ]
    offset = float(fit_in_the_large(y, margin[None], weight[None, None])[0, 0])
    of_intercept = _Curve(one, np.array([offset, 1.0]), free=1)
    told.append(of_intercept.at[0])
    errors.append(of_intercept.move_error())
    ranks = np.empty((0, len(whose)))
    if float(np.std(margin)) >= _CONSTANT:  # one risk for all has neither slope nor ranks
        ranks = _move_ranks(one)
        place = np.concatenate(fit_recalibration(y, margin[None], weight[None, None]))[:, 0]
        if np.isfinite(place).all():
            of_slope = _Curve(one, place, free=2)
            told.append(of_slope.at[1])
            errors.append(of_slope.move_error())
    members = list_members(group_risks(y, p, limit=limit), y, p)
    sums = np.array([member[whose] * moved for member in members]).reshape(-1, len(whose))
    return MeasureSlopes(np.stack([*told, *errors]), ranks, sums)


def _move_error(
    values: FloatArray, weight: FloatArray, whose: IntArray, moved: FloatArray
) -> FloatArray:
    """Return the moves of a mean's standard error where one of the values moves."""
    apart = weight**2 * (values - float(weight @ values) / weight.sum())
    scale = len(values) / (len(values) - 1) / weight.sum() ** 2
    error = compute_weighted_mean(values, weight)[1]
    if error <= 0:
        return np.zeros(len(whose))
    by_value = apart[whose] - weight[whose] / weight.sum() * apart.sum()
    return np.asarray(scale * by_value * moved / error)


class _Curve:
    """A recalibration of risks, whose first `free` coefficients of two follow a move.

    Attributes
    ----------
    at : ndarray of shape (free, n_moves)
        Moves of the coefficients.
    """

    def __init__(self, one: _Judged, place: FloatArray, free: int) -> None:
        design = np.column_stack([np.ones(len(one.y)), one.margin])
        risk = expit(design @ place)
        self._one, self._slope, self._free = one, float(place[1]), free
        self._design = design[:, :free]
        self._spread = risk * (1 - risk)
        self._bend = self._spread * (1 - 2 * risk)
        bread = (self._design.T * (one.weight * self._spread)) @ self._design
        self._inverse = np.linalg.inv(bread)
        carried = (one.weight * self._spread)[one.whose] * self._slope * one.moved
        score = -carried[:, np.newaxis] * self._design[one.whose]
        if free > 1:
            score[:, 1] += (one.weight * (one.y - risk))[one.whose] * one.moved
        self.at = (score @ self._inverse).T

    def move_error(self) -> FloatArray:
        """Return the moves of the last free coefficient's standard error, by the sandwich."""
        weight = self._one.weight
        filling = (self._design.T * (weight**2 * self._spread)) @ self._design
        first = self._inverse[-1]
        second = self._inverse @ filling @ first
        error = float(np.sqrt(first @ filling @ first))
        moved = self._move_form(first, first, weight**2)
        moved -= 2 * self._move_form(first, second, weight)
        return np.asarray(moved / (2 * error))

    def _move_form(self, left: FloatArray, right: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the moves of left' (sum of weight x spread x row row') right."""
        one, design = self._one, self._design
        ends = design @ left, design @ right
        by_margin = weight * self._bend * ends[0] * ends[1]
        found = (by_margin @ design) @ self.at
        found += by_margin[one.whose] * self._slope * one.moved
        if self._free > 1:
            turned = weight * self._spread * (left[1] * ends[1] + ends[0] * right[1])
            found += turned[one.whose] * one.moved
        return np.asarray(found)


def _move_ranks(one: _Judged) -> FloatArray:
    """Return the moves of the AUC and of the standard error of its logit."""
    y, margin, weight, whose, moved = one.y, one.margin, one.weight, one.whose, one.moved
    events, others = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    if min(len(events), len(others)) < 2:
        return np.empty((0, len(whose)))
    first, second = (weight[rows] / weight[rows].sum() for rows in (events, others))
    apart = margin[events][:, np.newaxis] - margin[others]
    width = _choose_width(margin, len(events)), _choose_width(margin, len(others))
    scale = float(np.hypot(*width))
    pairs, density = norm.cdf(apart / scale), norm.pdf(apart / scale) / scale
    auc = float(first @ pairs @ second)
    of_events, of_others = pairs @ second - auc, first @ pairs - auc
    scales = [len(rows) / (len(rows) - 1) for rows in (events, others)]  # DeLong's variance
    variance = scales[0] * float(first**2 @ of_events**2)
    variance += scales[1] * float(second**2 @ of_others**2)
    by_pair = np.outer(first, second)
    own, its = first * of_events, second * of_others
    centred = scales[0] * (own - first @ own)[:, np.newaxis] + scales[1] * (its - second @ its)
    centred = 2 * centred * by_pair
    by_auc = np.zeros(len(y))
    by_variance = np.zeros(len(y))
    for found, weights in ((by_auc, by_pair), (by_variance, centred)):
        found[events] = (weights * density).sum(axis=1)
        found[others] = -(weights * density).sum(axis=0)
    bend = auc * (1 - auc)
    root = float(np.sqrt(variance))
    if root <= 0 or bend <= 0:
        return by_auc[whose][np.newaxis] * moved
    by_error = by_variance / (2 * root * bend) - root * (1 - 2 * auc) / bend**2 * by_auc
    return np.stack([by_auc[whose] * moved, by_error[whose] * moved])


def _choose_width(margin: FloatArray, n: int) -> float:
    """Return the width of a normal kernel for so many patients (Silverman's rule)."""
    return float(1.06 * np.std(margin) * n**-0.2)
