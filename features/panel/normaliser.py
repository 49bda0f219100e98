"""The scikit-learn transformer that normalises a panel, kept inside every model that uses one.

All that it learns (which assays are references, their levels, each assay's mean and spread, the
plates' shifts) comes from the rows it is fitted on, and never from the outcome: fitted inside a
fold it knows nothing of the held-out patients. What it keeps is about assays and plates, never
about a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.plain_transformer import PlainTransformer
from features.panel.censored import compute_expected, fit_censored
from features.panel.references import (
    ReferenceLevels,
    compute_reference_count,
    fit_levels,
    rank_by_genorm,
    rank_by_normfinder,
)

__all__ = ["BY_PLATE", "PanelNormaliser", "compute_plate_shifts"]


BY_PLATE = "normfinder_plates"
"""The way to choose references that takes the plates for NormFinder's groups."""

_METHODS = ("genorm", "normfinder", BY_PLATE)
_FEWEST_ON_PLATE = 3
_FEWEST_DETECTED = 2
_WELL_SEEN = 0.9


def compute_plate_shifts(
    values: FloatArray, plate: IntArray, n_plates: int, well_seen: BoolArray
) -> tuple[FloatArray, float]:
    """Return how far each plate lies from the others in each assay, drawn towards zero.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_assays)
        Normalised values, complete.
    plate : ndarray of int of shape (n_samples,)
        0 .. n_plates - 1, or -1 where not known.
    n_plates : int
        Number of plates.
    well_seen : ndarray of bool of shape (n_assays,)
        Assays by which it is judged how much plates differ; at least one.

    Returns
    -------
    shift : ndarray of shape (n_plates, n_assays)
        In cycles; to be subtracted. Zero for a plate with fewer than 3 samples, whose shift
        would be that of its patients.
    ratio : float
        Variance between plates over variance within, common to all assays (by moments). A plate
        of n samples keeps n / (n + 1 / ratio) of its observed shift; at 0 nothing is corrected.
    """
    shift = np.zeros((n_plates, values.shape[1]))
    sizes = np.bincount(plate[plate >= 0], minlength=n_plates)
    used = np.flatnonzero(sizes >= _FEWEST_ON_PLATE)
    if len(used) < 2:
        return shift, 0.0
    rows = np.isin(plate, used)
    own = values[rows]
    center = own.mean(axis=0)
    means = np.stack([values[plate == code].mean(axis=0) for code in used])
    inside = own - means[np.searchsorted(used, plate[rows])]
    n = int(rows.sum())
    within = np.maximum((inside**2).sum(axis=0) / max(n - len(used), 1), 1e-12)
    distance = means - center
    expected = 1 / sizes[used] - 1 / n
    excess = (distance**2 / within)[:, well_seen] - expected[:, None]
    ratio = max(float(excess.mean()), 0.0)
    kept = sizes[used] * ratio / (sizes[used] * ratio + 1)
    shift[used] = kept[:, None] * distance
    return shift, ratio


class PanelNormaliser(PlainTransformer):
    """Ct values to ΔCt, with non-detects as censored values and plates brought together.

    ΔCt is Ct minus the sample's reference value. A non-detect becomes its expectation given that
    its Ct lies above the ceiling, under a normal distribution of that assay's ΔCt, fitted with
    the non-detects as censored. A value that was not measured becomes the assay's mean. Each
    sample is transformed by itself.

    Parameters
    ----------
    ceiling : float or None
        Cycles at which and above which a value is a non-detect; None where all are detected.
    reference : {"global_mean", "genorm", "normfinder", "normfinder_plates"} or sequence of int
        How references are chosen: all commonly detected assays; the most stable of them, by
        NormFinder also with plates of 3 samples or more as its groups (in a training part with
        fewer than two of these, without groups); or the columns given. References other than for
        the global mean are no columns of the output.
    n_references : int or None
        How many of the most stable assays; None: as many as geNorm's pairwise variation asks.
    common : float
        Share of training samples in which an assay must be detected to serve as a reference.
    min_detected : float
        Share of training samples in which an assay must be detected to be kept.
    plate_column : int or None
        Column of `X` that holds the sample's plate as a code, NaN where not known; it is no
        column of the output. None: no correction.

    Attributes
    ----------
    kept_ : ndarray of int of shape (n_columns_out,)
        The columns of `X` that the output's columns come from.
    references_ : ndarray of int
        The columns of `X` that are references.
    mean_, sd_ : ndarray of shape (n_columns_out,)
        Of each assay's ΔCt, in cycles, as it would be without a ceiling.
    plates_ : ndarray of shape (n_plates,)
        Codes of the plates seen; a sample on any other plate is not corrected.
    plate_shift_ : ndarray of shape (n_plates, n_columns_out)
        What is subtracted; see :func:`compute_plate_shifts`.
    plate_ratio_ : float
        Variance between plates over variance within.
    n_not_normalised_ : int
        Training samples that were left out: fewer than half of the references were detected.
    """

    settings = ("ceiling", "reference", "n_references", "common", "min_detected", "plate_column")

    def __init__(
        self,
        *,
        ceiling: float | None = None,
        reference: str | Sequence[int] = "global_mean",
        n_references: int | None = None,
        common: float = 0.9,
        min_detected: float = 0.25,
        plate_column: int | None = None,
    ) -> None:
        self.ceiling = ceiling
        self.reference = reference
        self.n_references = n_references
        self.common = common
        self.min_detected = min_detected
        self.plate_column = plate_column

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Choose references and learn levels, means, spreads and plate shifts.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Ct in cycles; at or above `ceiling` for a non-detect; NaN where not measured.
        y : ignored
            The outcome is never looked at.

        Raises
        ------
        ValueError
            If too few assays can serve as references, or none is left to be kept.
        """
        from sklearn.utils.validation import validate_data

        values: FloatArray = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        self._assays = np.array(
            [j for j in range(values.shape[1]) if j != self.plate_column], dtype=np.intp
        )
        ct, detected = self._split(values)
        own = self._find_references(values, ct, detected)
        levels, usable = fit_levels(ct[:, own], detected[:, own])
        self._level, self._level_sd = levels.level, levels.sd
        self._own_references = own
        self.references_ = self._assays[own]
        self.n_not_normalised_ = int((~usable).sum())
        share = detected[usable].mean(axis=0)
        kept = (share >= self.min_detected) & (
            detected[usable].sum(axis=0) >= min(_FEWEST_DETECTED, len(ct))
        )
        if self.reference != "global_mean":
            kept[own] = False
        if not kept.any():
            raise ValueError(
                f"no assay is detected in {self.min_detected:.0%} of the samples (beside the "
                "references): lower min_detected"
            )
        self._own_kept = np.flatnonzero(kept).astype(np.intp)
        self.kept_ = self._assays[self._own_kept]
        self._fit_assays(values[usable], ct[usable], detected[usable])
        return self

    def _split(self, values: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return the assays' values, non-detects at the ceiling, and which are detected."""
        ct = values[:, self._assays]
        if self.ceiling is None:
            return ct, ~np.isnan(ct)
        return np.minimum(ct, self.ceiling), ct < self.ceiling

    def _find_references(self, values: FloatArray, ct: FloatArray, detected: BoolArray) -> IntArray:
        """Return the references, as positions among the assays."""
        if not isinstance(self.reference, str):
            positions = np.searchsorted(self._assays, list(self.reference))
            asked = np.asarray(self.reference, dtype=np.intp)
            known = np.isin(asked, self._assays)
            if not known.all() or not len(asked):
                raise ValueError("reference must name columns of X that are assays")
            if not detected[:, positions].any(axis=0).all():
                raise ValueError("a reference assay is not detected in any sample")
            return np.asarray(positions, dtype=np.intp)
        pool = np.flatnonzero(detected.mean(axis=0) >= self.common).astype(np.intp)
        if self.reference == "global_mean":
            if not len(pool):
                raise ValueError(
                    f"no assay is detected in {self.common:.0%} of the samples: lower common, or "
                    "name the references"
                )
            return pool
        if self.reference not in _METHODS:
            raise ValueError(f"reference must be global_mean, {', '.join(_METHODS)} or columns")
        if self.reference == BY_PLATE and self.plate_column is None:
            raise ValueError(f"{BY_PLATE} needs plate_column")
        if len(pool) < 3 or len(ct) < 3:
            raise ValueError(
                f"{self.reference} needs 3 samples, and 3 assays that are detected in "
                f"{self.common:.0%} of them; there are n_samples = {len(ct)} and {len(pool)} assays"
            )
        levels, usable = fit_levels(ct[:, pool], detected[:, pool])
        filled = levels.fill(ct[np.ix_(usable, pool)], detected[np.ix_(usable, pool)])
        order = self._rank(filled, values[usable])
        count = self.n_references or compute_reference_count(filled, order)
        return np.sort(pool[order[:count]])

    def _rank(self, filled: FloatArray, values: FloatArray) -> IntArray:
        """Return the assays of the pool from the most to the least stable."""
        if self.reference == "genorm":
            return rank_by_genorm(filled)
        if self.reference == BY_PLATE:
            codes = values[:, self.plate_column]
            known, place, sizes = np.unique(
                codes, return_inverse=True, return_counts=True, equal_nan=True
            )
            large = (sizes >= _FEWEST_ON_PLATE) & ~np.isnan(known)
            if large.sum() > 1:
                rows = large[place]
                return rank_by_normfinder(filled[rows], place[rows])
        return rank_by_normfinder(filled)

    def _fit_assays(self, values: FloatArray, ct: FloatArray, detected: BoolArray) -> None:
        """Learn each kept assay's mean and spread, and the plates' shifts."""
        z = self._subtract_reference(ct, detected)
        seen = detected[:, self._own_kept]
        self.plates_ = np.empty(0)
        self.plate_shift_ = np.zeros((0, len(self.kept_)))
        self.plate_ratio_ = 0.0
        fit = fit_censored(z, seen)
        if self.plate_column is not None:
            codes = values[:, self.plate_column]
            self.plates_ = np.unique(codes[~np.isnan(codes)])
            filled = _fill(z, seen, fit.mean, fit.sd)
            well = seen.mean(axis=0) >= min(_WELL_SEEN, float(seen.mean(axis=0).max()))
            self.plate_shift_, self.plate_ratio_ = compute_plate_shifts(
                filled, self._find_plates(values), len(self.plates_), well
            )
            fit = fit_censored(z - self._get_shift(values), seen)
        self.mean_, self.sd_ = fit.mean, fit.sd

    def _find_plates(self, values: FloatArray) -> IntArray:
        """Return each sample's plate as a position in `plates_`, -1 where it is a new one."""
        codes = values[:, self.plate_column]
        if not len(self.plates_):
            return np.full(len(values), -1, dtype=np.intp)
        place = np.minimum(np.searchsorted(self.plates_, codes), len(self.plates_) - 1)
        return np.where(self.plates_[place] == codes, place, -1).astype(np.intp)

    def _get_shift(self, values: FloatArray) -> FloatArray:
        if self.plate_column is None or not len(self.plates_):
            return np.zeros((1, len(self.kept_)))
        place = self._find_plates(values)
        return np.where((place >= 0)[:, None], self.plate_shift_[place], 0.0)

    def _subtract_reference(self, ct: FloatArray, detected: BoolArray) -> FloatArray:
        """Return the kept assays' ΔCt, non-detects at their limit."""
        levels, own = ReferenceLevels(self._level, self._level_sd), self._own_references
        reference = levels.compute_reference(ct[:, own], detected[:, own])
        return ct[:, self._own_kept] - reference[:, None]

    def _validate(self, X: ArrayLike) -> FloatArray:
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        values: FloatArray = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return values

    def transform(self, X: ArrayLike) -> FloatArray:
        """Normalise samples, each by itself.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            As for `fit`. The plate of a new sample is usually a new one: it is not corrected,
            since what is the plate's and what the patient's cannot be told apart.

        Returns
        -------
        ndarray of shape (n_samples, n_columns_out)
            ΔCt in cycles; higher is less of the microRNA. A row is NaN where
            :meth:`can_normalise` is False.
        """
        values = self._validate(X)
        ct, detected = self._split(values)
        z = self._subtract_reference(ct, detected) - self._get_shift(values)
        filled = _fill(z, detected[:, self._own_kept], self.mean_, self.sd_)
        missing = np.isnan(ct[:, self._own_kept]) & self.can_normalise(X)[:, None]
        return np.where(missing, self.mean_, filled)

    def can_normalise(self, X: ArrayLike) -> BoolArray:
        """Return which samples have at least half of the references detected."""
        _, detected = self._split(self._validate(X))
        own = self._own_references
        return np.asarray(2 * detected[:, own].sum(axis=1) >= len(own), dtype=bool)

    def describe_average(self) -> FloatArray:
        """Return the Ct values of an average sample.

        Returns
        -------
        ndarray of shape (n_features,)
            In cycles, above the ceiling where an assay is mostly not detected; NaN for an assay
            that is neither kept nor a reference, and for the plate.
        """
        average = np.full(self.n_features_in_, np.nan)
        average[self.references_] = self._level
        average[self.kept_] = self.mean_ + self._level.mean()
        return average


def _fill(z: FloatArray, detected: BoolArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Return values with non-detects at their expectation; what was not measured stays NaN."""
    filled = np.array(z)
    rows, column = np.nonzero(~detected & ~np.isnan(z))
    filled[rows, column] = compute_expected(mean[column], sd[column], z[rows, column])
    return filled
