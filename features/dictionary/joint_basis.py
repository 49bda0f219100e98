"""The columns of fitted bases, all of them in one pass over the raw predictors.

What depends on no patient is looked up once: which predictor a column comes from, between which
ends it counts, what a gap becomes, the numbers of a spline. What is left for a patient is a dozen
operations on whole arrays, however many columns and bases there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import FloatArray

if TYPE_CHECKING:
    from features.dictionary.transformers import PredictorBasis

__all__ = ["Bends", "JointBasis"]


class Bends:
    """Nonlinear terms of restricted cubic splines: cubic within their knots, linear outside.

    Parameters
    ----------
    knots : sequence of ndarray
        For each term the knots of its spline, ascending.
    terms : sequence of int
        Which term of its spline each is, from 0.

    References
    ----------
    Harrell, Regression Modeling Strategies, 2015, section 2.4.5, doi:10.1007/978-3-319-19425-7.
    """

    def __init__(self, knots: Sequence[FloatArray], terms: Sequence[int]) -> None:
        # One spline after the other: an array's square may have another last bit than a number's.
        told = [
            (own[term], own[-2], own[-1], (own[-1] - own[0]) ** 2)
            for own, term in zip(knots, terms, strict=True)
        ]
        table = np.array(told, dtype=np.float64).reshape(-1, 4, 1)
        knot, before_last, last, self._width = table.swapaxes(0, 1)
        self._knots = np.stack([knot, before_last, last])
        self._of_before_last = last - knot
        self._of_last = before_last - knot
        self._between = last - before_last

    def compute(self, x: FloatArray) -> FloatArray:
        """Return the terms (n_terms, n) of what each of them bends, `x` (n_terms, n)."""
        first, before_last, last = np.maximum(x - self._knots, 0.0) ** 3
        bend = (
            first
            - before_last * self._of_before_last / self._between
            + last * self._of_last / self._between
        )
        return np.asarray(bend / self._width)


def _tell(basis: PredictorBasis) -> tuple[bytes, ...]:
    """Return all that a basis's columns depend on."""
    numbers = (basis.groups_, basis.low_, basis.high_, basis.fill_, basis.center_, basis.scale_)
    kinds = (basis.logged_, basis.cut_, basis._terms, basis._shares)
    return tuple(np.asarray(one).tobytes() for one in (*numbers, *kinds, *basis.knots_))


class JointBasis:
    """Several fitted bases of the same raw predictors, side by side.

    Parameters
    ----------
    bases : sequence of PredictorBasis
        Fitted, at least one; of the same predictors in the same order. What is changed in them
        afterwards is not seen.

    Attributes
    ----------
    which : list of int
        For each basis a number, which equal ones have in common.
    """

    def __init__(self, bases: Sequence[PredictorBasis]) -> None:
        told = [_tell(basis) for basis in bases]
        own = dict(zip(told, bases, strict=True))
        self._parts = self._join(list(own.values()))
        self.which = [list(own).index(one) for one in told]

    def _join(self, bases: Sequence[PredictorBasis]) -> list[slice]:
        """Prepare the columns of bases that differ, and return where each has its own."""

        def join(name: str) -> FloatArray:
            return np.concatenate([getattr(basis, name) for basis in bases])[:, np.newaxis]

        n = bases[0].n_features_in_
        starts = np.cumsum([0, *(len(basis.groups_) for basis in bases)]).tolist()
        # Each basis has ends and fillings of its own for a predictor: places count both.
        place = np.concatenate([basis.groups_ + n * i for i, basis in enumerate(bases)])
        self._source = np.tile(np.arange(n), len(bases))
        self._place, predictor = place, self._source[place]
        low, high, fill = join("low_"), join("high_"), join("fill_")
        empty = np.isnan(low)  # no value was ever seen: 0 for everyone
        self._low, self._high = np.where(empty, 0.0, low), np.where(empty, 0.0, high)
        self._fill = np.where(empty, 0.0, fill)
        self._logged = np.flatnonzero(join("logged_"))
        terms, cut, shares = join("_terms"), join("cut_"), join("_shares")
        self._bent = np.flatnonzero(terms > 0)
        knots = [own for basis in bases for own in basis.knots_]
        bent = [knots[i] for i in place[self._bent].tolist()]
        self._bends = Bends(bent, (terms[self._bent, 0] - 1).astype(np.intp).tolist())
        self._stepped = np.flatnonzero(~np.isnan(cut))
        self._cut = cut[self._stepped]
        self._levelled = np.flatnonzero(terms < 0)
        self._level_of, self._level = predictor[self._levelled], -terms[self._levelled]
        self._shared = np.flatnonzero((terms < 0) | ~np.isnan(cut))
        self._share_of, self._share = predictor[self._shared], shares[self._shared]
        self._center, self._scale = join("center_"), join("scale_")
        return list(map(slice, starts[:-1], starts[1:]))

    def expand(self, X: FloatArray) -> tuple[FloatArray, ...]:
        """Return the columns of each basis.

        Parameters
        ----------
        X : ndarray of float64 of shape (n, n_predictors)
            Raw predictors, NaN where missing; already known to be well formed.

        Returns
        -------
        tuple of ndarray of shape (n, n_columns)
            As each basis alone expands them, and the same for a row alone and among others. Equal
            bases share one array.
        """
        # Columns whole in memory: each operation is then one run over all patients.
        values = np.ascontiguousarray(X.T)
        missing = np.isnan(values)
        straight = values[self._source]
        np.maximum(straight, self._low, out=straight)
        np.minimum(straight, self._high, out=straight)
        some_missing = bool(missing.any())
        if some_missing:
            np.copyto(straight, self._fill, where=missing[self._source])
        if self._logged.size:
            # Values below 0 have no logarithm here; the dictionary refuses them before this.
            straight[self._logged] = np.log1p(np.maximum(straight[self._logged], 0.0))
        columns = straight[self._place]
        if self._bent.size:
            columns[self._bent] = self._bends.compute(columns[self._bent])
        if self._stepped.size:
            columns[self._stepped] = columns[self._stepped] > self._cut
        if self._levelled.size:
            columns[self._levelled] = values[self._level_of] == self._level
        if some_missing and self._shared.size:
            found = columns[self._shared]
            np.copyto(found, self._share, where=missing[self._share_of])
            columns[self._shared] = found
        columns -= self._center
        columns /= self._scale
        # Rows whole in memory: sums over them keep their bits, alone and among others.
        apart = [np.ascontiguousarray(columns[part].T) for part in self._parts]
        return tuple([apart[which] for which in self.which])
