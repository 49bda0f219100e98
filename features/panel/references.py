"""Reference assays: which are stable, how many it takes, and what a sample's reference value is.

A difference between two assays in the same sample does not depend on how much material was in
it. geNorm (Vandesompele 2002, doi:10.1186/gb-2002-3-7-research0034) takes assays whose differences
from the others vary least; NormFinder (Andersen 2004, doi:10.1158/0008-5472.CAN-04-0496) those with
the smallest variance of their own once the samples' levels are taken out. The mean of all commonly
detected assays is the third way (Mestdagh 2009, doi:10.1186/gb-2009-10-6-r64).

Written out because what is kept up of these methods is in R, and takes complete tables: here an
assay may be missing or not detected in some samples, and what is not detected is no number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.panel.censored import compute_expected, fit_censored

__all__ = [
    "ReferenceLevels",
    "compute_reference_count",
    "compute_normfinder_stability",
    "compute_normfinder_variance",
    "compute_pairwise_variation",
    "fit_levels",
    "rank_by_genorm",
    "rank_by_normfinder",
]


MAX_VARIATION = 0.15
"""Pairwise variation below which a further reference assay adds nothing (Vandesompele 2002)."""

_ROUNDS = 10
_STEPS = 200
_TOLERANCE = 1e-10


def _pairwise_sd(values: FloatArray) -> FloatArray:
    """Return the standard deviation over samples of each difference of two assays."""
    offset = values - values.mean(axis=0)
    covariance = offset.T @ offset / (len(values) - 1)
    variance = np.diag(covariance)
    squares = variance[:, None] + variance[None, :] - 2 * covariance
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def rank_by_genorm(values: FloatArray) -> IntArray:
    """Return assays from the most to the least stable, by stepwise exclusion of the highest M.

    The last two cannot be told apart; they come in the order of the columns. Assays that are
    regulated together vary together and look stable: a cluster of microRNAs can win for that
    reason.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_assays)
        Ct, complete.
    """
    sd = _pairwise_sd(values)
    left = np.ones(len(sd), dtype=bool)
    total = sd.sum(axis=1)
    excluded = []
    for _ in range(len(sd) - 2):
        worst = int(np.argmax(np.where(left, total, -np.inf)))
        left[worst] = False
        total = total - sd[:, worst]
        excluded.append(worst)
    return np.array([*np.flatnonzero(left), *reversed(excluded)], dtype=np.intp)


def compute_normfinder_variance(values: FloatArray) -> FloatArray:
    """Return NormFinder's variance of each assay, samples taken as one group.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_assays)
        Ct, complete; at least 2 samples and 3 assays.

    Returns
    -------
    ndarray of shape (n_assays,)
        In squared cycles; its root is the stability value, and smaller is more stable. A
        negative estimate is replaced by a quarter of the smallest variance of a difference from
        another assay, as the authors' program does.
    """
    n, k = values.shape
    residual = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    raw = (residual**2).sum(axis=0) / ((n - 1) * (1 - 2 / k))
    variance = raw - raw.sum() / (k * (k - 1))
    if np.all(variance >= 0):
        return np.asarray(variance)
    pairs = _pairwise_sd(values) ** 2
    np.fill_diagonal(pairs, np.inf)
    return np.asarray(np.where(variance < 0, pairs.min(axis=1) / 4, variance))


def compute_normfinder_stability(values: FloatArray, groups: IntArray) -> FloatArray:
    """Return NormFinder's stability value of each assay over groups of samples.

    An assay is stable that varies little within each group, and whose distance from the other
    assays is the same in all of them. Each distance is drawn towards zero by how much of such
    distances is chance.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_assays)
        Ct, complete; at least 3 assays.
    groups : ndarray of int of shape (n_samples,)
        Group of each sample: at least two groups, each of at least 2 samples. A group must be
        known without the outcome, as a plate or a site is.

    Returns
    -------
    ndarray of shape (n_assays,)
        In cycles; smaller is more stable. The mean over groups of the size of the distance and
        its standard error.

    Raises
    ------
    ValueError
        If there are fewer groups, samples of a group or assays.

    References
    ----------
    Andersen 2004, doi:10.1158/0008-5472.CAN-04-0496, with its supplement.
    """
    codes, sizes = np.unique(groups, return_counts=True)
    k = values.shape[1]
    if len(codes) < 2 or sizes.min() < 2 or k < 3:
        raise ValueError(
            "NormFinder with groups needs two groups of two samples, and three assays; there are "
            f"{len(codes)} groups, the smallest of {sizes.min() if len(sizes) else 0}, and {k} "
            "assays"
        )
    parts = [values[groups == code] for code in codes]
    variance = np.stack([compute_normfinder_variance(part) / len(part) for part in parts])
    mean = np.stack([part.mean(axis=0) for part in parts])
    distance = mean - mean.mean(axis=0) - mean.mean(axis=1, keepdims=True) + mean.mean()
    between = (distance**2).sum() / ((len(codes) - 1) * (k - 1)) - variance.mean()
    between = max(float(between), 0.0)
    total = between + variance
    kept = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    error = np.sqrt(variance * (1 + kept))
    return np.asarray((np.abs(distance * kept) + error).mean(axis=0))


def rank_by_normfinder(values: FloatArray, groups: IntArray | None = None) -> IntArray:
    """Return assays from the most to the least stable.

    See :func:`compute_normfinder_variance`, and with groups of samples
    :func:`compute_normfinder_stability`.
    """
    if groups is None:
        measure = compute_normfinder_variance(values)
    else:
        measure = compute_normfinder_stability(values, groups)
    return np.argsort(measure, kind="stable").astype(np.intp)


def compute_pairwise_variation(values: FloatArray, order: IntArray) -> FloatArray:
    """Return how much the reference value moves with each further assay.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_assays)
        Ct, complete.
    order : ndarray of int
        Assays from the most to the least stable.

    Returns
    -------
    ndarray of shape (len(order) - 2,)
        V of n against n + 1 assays, n = 2, 3, ...: the SD over samples of the difference of the
        two reference values, in cycles.
    """
    means = np.cumsum(values[:, order], axis=1) / np.arange(1, len(order) + 1)
    return np.asarray(np.std(means[:, 1:-1] - means[:, 2:], axis=0, ddof=1))


def compute_reference_count(values: FloatArray, order: IntArray) -> int:
    """Return how many of the most stable assays it takes.

    Parameters
    ----------
    values, order
        As for :func:`compute_pairwise_variation`.

    Returns
    -------
    int
        The smallest n, from 2, at which a further assay moves the reference value by less than
        0.15; where there is none, the n at which it moves it least.
    """
    if len(order) < 3:
        return len(order)
    variation = compute_pairwise_variation(values, order)
    enough = np.flatnonzero(variation < MAX_VARIATION)
    return 2 + int(enough[0] if len(enough) else np.argmin(variation))


@dataclass(frozen=True, eq=False)
class ReferenceLevels:
    """What a sample's reference value is computed with.

    Attributes
    ----------
    level, sd : ndarray of shape (n_references,)
        Typical Ct of each reference assay, and its spread about it once the samples' levels are
        taken out, in cycles.
    """

    level: FloatArray
    sd: FloatArray

    def compute_reference(self, ct: FloatArray, detected: BoolArray) -> FloatArray:
        """Return each sample's reference value, from that sample alone.

        With all reference assays detected it is their mean. One that was not detected stands at
        its expectation above the ceiling, given the others; one that was not measured is left
        out, its typical distance from the others allowed for.

        Parameters
        ----------
        ct : ndarray of shape (n_samples, n_references)
            Ct; the ceiling where not detected; NaN where not measured.
        detected : ndarray of bool, same shape

        Returns
        -------
        ndarray of shape (n_samples,)
            In cycles; NaN for a sample in which fewer than half of the references are detected.
        """
        usable = 2 * detected.sum(axis=1) >= max(ct.shape[1], 1)
        value = np.full(len(ct), np.nan)
        value[usable] = self._shift(ct[usable], detected[usable]) + self.level.mean()
        return value

    def fill(self, ct: FloatArray, detected: BoolArray) -> FloatArray:
        """Return complete values of samples whose reference value is known; as above."""
        shift = self.compute_reference(ct, detected) - self.level.mean()
        expected = self.level + shift[:, None]
        above = compute_expected(expected, self.sd, np.nan_to_num(ct))
        return np.where(detected, ct, np.where(np.isnan(ct), expected, above))

    def _shift(self, ct: FloatArray, detected: BoolArray) -> FloatArray:
        """Return each sample's distance from the typical levels."""
        offset = np.where(detected, ct - self.level, 0.0)
        shift = offset.sum(axis=1) / detected.sum(axis=1)
        censored = ~detected & ~np.isnan(ct)
        rows = np.flatnonzero(censored.any(axis=1))
        if len(rows):
            shift[rows] = self._solve(ct[rows], detected[rows], censored[rows], shift[rows])
        return np.asarray(shift)

    def _solve(
        self, ct: FloatArray, detected: BoolArray, censored: BoolArray, shift: FloatArray
    ) -> FloatArray:
        n_measured = (detected | censored).sum(axis=1)
        known = np.where(detected, ct - self.level, 0.0).sum(axis=1)
        at_row, column = np.nonzero(censored)
        limit, level, sd = ct[at_row, column], self.level[column], self.sd[column]
        for _ in range(_STEPS):
            above = compute_expected(level + shift[at_row], sd, limit) - level
            new = (known + np.bincount(at_row, weights=above, minlength=len(ct))) / n_measured
            done = np.max(np.abs(new - shift)) < _TOLERANCE
            shift = new
            if done:
                break
        return shift


def fit_levels(ct: FloatArray, detected: BoolArray) -> tuple[ReferenceLevels, BoolArray]:
    """Fit the typical levels of reference assays on training samples.

    Samples' reference values and assays' levels are fitted in turn, as in a two-way table.

    Parameters
    ----------
    ct : ndarray of shape (n_samples, n_references)
        Ct; the ceiling where not detected; NaN where not measured. Each column has at least one
        detected value.
    detected : ndarray of bool, same shape

    Returns
    -------
    levels : ReferenceLevels
    usable : ndarray of bool of shape (n_samples,)
        Samples in which at least half of the references are detected; the others are not used.

    Raises
    ------
    ValueError
        If there is no such sample.
    """
    usable = 2 * detected.sum(axis=1) >= ct.shape[1]
    if not usable.any():
        raise ValueError("no sample has half of the reference assays detected")
    ct, detected = ct[usable], detected[usable]
    fit = fit_censored(ct, detected)
    levels = ReferenceLevels(fit.mean, fit.sd)
    for _ in range(_ROUNDS):
        shift = levels.compute_reference(ct, detected) - levels.level.mean()
        fit = fit_censored(ct - (shift - shift.mean())[:, None], detected)
        moved = float(np.max(np.abs(fit.mean - levels.level)))
        levels = ReferenceLevels(fit.mean, fit.sd)
        if moved < 1e-6:
            break
    return levels, usable
