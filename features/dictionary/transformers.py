"""The scikit-learn transformer kept inside every model: raw predictors to a design matrix.

Each raw predictor gets columns of its own and nothing mixes two predictors, so that a model
that is linear in the design matrix is a sum of one function per raw predictor. That is what
makes its Shapley values exact and its explanation the explanation of what is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from features.arrays import FloatArray
from features.dictionary.agreed import AgreedNumber, AgreedShares, draw_reference
from features.dictionary.joint_basis import Bends, JointBasis
from features.dictionary.plain_transformer import PlainTransformer

__all__ = ["PredictorBasis"]


_MIN_INDICATOR_SCALE = 0.3
"""Smallest spread by which a yes/no column is divided (that of a share of 10%).

A flag that one patient in 48 carries has a spread of 0.14; dividing by it would let a penalised
coefficient move that patient's risk seven times as far as the penalty is meant to allow.
"""
_ROWS = 8192
"""Patients expanded at once: what lies between their predictors and their columns stays small."""
_MIN_SIDE = 0.05
"""Smallest share on either side of a step: fewer tell next to nothing of it."""
_BETWEEN_STEPS = 12
"""Patients from one step of a number to the next,"""
_PARTS = (20, 40)
"""where there are so few or many that steps would be further apart or closer than this."""
_KNOT_QUANTILES = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95)}
"""Harrell, Regression Modeling Strategies, 2015, table 2.3, doi:10.1007/978-3-319-19425-7."""


class PredictorBasis(PlainTransformer):
    """Fill, limit, scale, bend and cut raw predictors, each on its own.

    A missing number is filled with the training median, a missing yes/no or category, and the
    step of a missing number, with the training shares, so that a record is handled the same way in
    training and at prediction, without looking at the outcome or at other records. There is no
    missingness indicator. A model shrunk by evidence fills gaps before rows come here. A number
    beyond what training saw is taken as the nearest value seen.

    Parameters
    ----------
    categories : mapping of int to int or None
        Column position to the number of categories (2 for yes/no); such a column holds 0, 1, ...
        and becomes one indicator for each category but the first.
    log1p : sequence of int or None
        Positions of numeric columns that enter as log(1 + x); their values are at least 0.
    knots : {0, 3, 4}
        Knots of a restricted cubic spline added for each numeric column; 0 adds none. A column
        with too few distinct values for its knots stays straight.
    steps : bool
        Whether each numeric column also gets steps: 0 up to a quantile of the training values, 1
        above it. There are about 12 patients from one to the next, and at least 19 and at most 39
        places. A step that fewer than one in twenty lie on either side of is left out.

    Attributes
    ----------
    groups_ : ndarray of int of shape (n_columns_out,)
        The raw column each output column was made from.
    linear_ : ndarray of bool of shape (n_columns_out,)
        False for the nonlinear terms of a spline and for steps.
    cut_ : ndarray of shape (n_columns_out,)
        Where an output column steps up, on the scale of its straight column; NaN for the others.
    low_, high_ : ndarray of shape (n_features_in_,)
        Smallest and largest value seen; NaN for a column with no value at all.
    fill_ : ndarray of shape (n_features_in_,)
        Median of each numeric column on its raw scale (0 where nothing was seen).
    """

    settings = ("categories", "log1p", "knots", "steps")

    def __init__(
        self,
        *,
        categories: Mapping[int, int] | None = None,
        log1p: Sequence[int] | None = None,
        knots: int = 0,
        steps: bool = False,
    ) -> None:
        self.categories = categories
        self.log1p = log1p
        self.knots = knots
        self.steps = steps

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn fills, limits, scales and knots from training rows.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Raw predictors, NaN where missing.
        y : ignored
            The outcome is never looked at.
        """
        from sklearn.utils.validation import validate_data

        values: FloatArray = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        n_features = values.shape[1]
        seen = ~np.isnan(values)
        empty = ~seen.any(axis=0)
        filled = np.where(empty, 0.0, values)
        self.low_ = np.where(empty, np.nan, np.nanmin(filled, axis=0))
        self.high_ = np.where(empty, np.nan, np.nanmax(filled, axis=0))
        self.fill_ = np.nanmedian(filled, axis=0)
        del filled  # of a million patients each copy is a large part of the memory
        self.logged_ = np.zeros(n_features, dtype=bool)
        self.logged_[list(self.log1p or ())] = True
        categories = dict(self.categories or {})
        groups: list[int] = []
        terms: list[int] = []
        shares: list[float] = []
        steps: list[float] = []
        self.knots_: list[FloatArray] = [np.empty(0)] * n_features
        for j in range(n_features):
            if j in categories:
                column = values[seen[:, j], j]
                for level in range(1, categories[j]):
                    groups.append(j)
                    terms.append(-level)
                    shares.append(float(np.mean(column == level)) if column.size else 0.0)
                    steps.append(np.nan)
                continue
            column = self._on_scale(values[seen[:, j], j], j)
            knots, cuts = self._place_knots(column), self._place_cuts(column)
            self.knots_[j] = knots
            count = 1 + max(len(knots) - 2, 0)
            groups += [j] * (count + len(cuts))
            terms += [*range(count), *[0] * len(cuts)]
            shares += [*[0.0] * count, *[float(np.mean(column > cut)) for cut in cuts]]
            steps += [*[np.nan] * count, *cuts]
        self.groups_ = np.asarray(groups, dtype=np.intp)
        self._terms = np.asarray(terms, dtype=np.intp)
        self._shares = np.asarray(shares)
        self.cut_ = np.asarray(steps, dtype=np.float64)
        self.linear_ = (self._terms <= 0) & np.isnan(self.cut_)
        self.center_, self.scale_ = np.zeros(len(groups)), np.ones(len(groups))
        away = self.expand(values)
        self.center_ = away.mean(axis=0)
        away -= self.center_  # in place: of a million patients there is no room for another
        scale = np.sqrt(np.square(away, out=away).mean(axis=0))
        yes_no = (self._terms < 0) | ~np.isnan(self.cut_)
        scale = np.where(yes_no, np.maximum(scale, _MIN_INDICATOR_SCALE), scale)
        self.scale_ = np.where(scale > 1e-12, scale, 1.0)
        return self

    @classmethod
    def from_agreed(
        cls, agreed: Sequence[AgreedNumber | AgreedShares], *, log1p: Sequence[int] = ()
    ) -> Self:
        """Return a fitted basis made from agreed numbers, and from nobody's rows.

        Parameters
        ----------
        agreed : sequence of AgreedNumber or AgreedShares
            One for each raw predictor, in order.
        log1p : sequence of int
            Positions of the numbers that enter as log(1 + x).

        Returns
        -------
        PredictorBasis
            Bends have mean 0 and SD 1 in :func:`features.dictionary.agreed.draw_reference`.
        """
        numbers = {j: a for j, a in enumerate(agreed) if isinstance(a, AgreedNumber)}
        shares = {j: a for j, a in enumerate(agreed) if isinstance(a, AgreedShares)}
        ends = [(a.low, a.high, a.fill) for a in numbers.values()]
        most = max((len(a.knots) for a in numbers.values()), default=0)
        levels = {j: len(a.share) + 1 for j, a in shares.items()}
        basis = cls(categories=levels, log1p=list(log1p), knots=most)
        n = basis.n_features_in_ = len(agreed)
        basis.low_, basis.high_, basis.fill_ = np.zeros(n), np.ones(n), np.zeros(n)
        basis.high_[list(levels)] = [count - 1 for count in levels.values()]
        if ends:
            basis.low_[list(numbers)], basis.high_[list(numbers)], basis.fill_[list(numbers)] = (
                np.array(ends, dtype=np.float64).T
            )
        basis.logged_ = np.zeros(n, dtype=bool)
        basis.logged_[list(log1p)] = True
        basis.knots_ = [
            np.array(numbers[j].knots if j in numbers else (), dtype=np.float64) for j in range(n)
        ]
        basis._place_agreed(agreed)
        return basis

    def _place_agreed(self, agreed: Sequence[AgreedNumber | AgreedShares]) -> None:
        """Make the columns of agreed numbers; those of bends are scaled on the reference."""
        groups: list[int] = []
        terms: list[int] = []
        shares: list[float] = []
        center: list[float] = []
        scale: list[float] = []
        for j, told in enumerate(agreed):
            if isinstance(told, AgreedShares):
                groups += [j] * len(told.share)
                terms += range(-1, -len(told.share) - 1, -1)
                shares += told.share
                center += told.center
                scale += told.scale
                continue
            low, high = self._on_scale(np.array([told.low, told.high]), j)
            values = draw_reference(told, float(low), float(high))
            bends = [
                Bends([self.knots_[j]], [term]).compute(values[np.newaxis])[0]
                for term in range(max(len(told.knots) - 2, 0))
            ]
            groups += [j] * (1 + len(bends))
            terms += range(1 + len(bends))
            shares += [0.0] * (1 + len(bends))
            center += [told.center, *(float(bend.mean()) for bend in bends)]
            scale += [told.scale, *(float(bend.std()) for bend in bends)]
        self.groups_ = np.array(groups, dtype=np.intp)
        self._terms = np.array(terms, dtype=np.intp)
        self._shares = np.array(shares)
        self.cut_ = np.full(len(groups), np.nan)
        self.linear_ = self._terms <= 0
        self.center_, self.scale_ = np.array(center), np.array(scale)

    def _on_scale(self, column: FloatArray, j: int) -> FloatArray:
        # Values below 0 have no logarithm here; the dictionary refuses them before this.
        return np.log1p(np.maximum(column, 0.0)) if self.logged_[j] else column

    def _place_knots(self, column: FloatArray) -> FloatArray:
        if self.knots == 0 or len(np.unique(column)) < self.knots:
            return np.empty(0)
        knots = np.quantile(column, _KNOT_QUANTILES[self.knots])
        spread = knots[-1] - knots[0]
        if spread <= 1e-12 or np.min(np.diff(knots)) < 1e-3 * spread:
            return np.empty(0)
        return np.asarray(knots, dtype=np.float64)

    def _place_cuts(self, column: FloatArray) -> FloatArray:
        if not self.steps or not column.size:
            return np.empty(0)
        parts = int(np.clip(len(column) // _BETWEEN_STEPS, *_PARTS))
        cuts = np.unique(np.quantile(column, np.arange(1, parts) / parts))
        above = np.mean(column[:, np.newaxis] > cuts, axis=0)
        return np.asarray(cuts[np.minimum(above, 1 - above) >= _MIN_SIDE])

    def with_ends(self, low: FloatArray, high: FloatArray) -> PredictorBasis:
        """Return a fitted copy that knows other smallest and largest values.

        Parameters
        ----------
        low, high : ndarray of shape (n_features_in_,)
            Nothing that was seen lies beyond.
        """
        wider = copy(self)
        wider.low_, wider.high_ = low, high
        return wider

    def with_numbers(
        self, *, low: FloatArray, high: FloatArray, center: FloatArray, scale: FloatArray
    ) -> PredictorBasis:
        """Return a fitted copy that takes further numbers behind the columns it has, straight.

        Parameters
        ----------
        low, high : ndarray of shape (n_more,)
            Smallest and largest value that counts; what lies beyond is taken as the nearer one.
        center, scale : ndarray of shape (n_more,)
            What is subtracted, which is also what a missing value becomes, and what it is then
            divided by (above 0).
        """
        n_more, n = len(center), self.n_features_in_
        wider = copy(self)
        wider.n_features_in_ = n + n_more
        wider.groups_ = np.concatenate([self.groups_, np.arange(n, n + n_more, dtype=np.intp)])
        wider._terms = np.concatenate([self._terms, np.zeros(n_more, dtype=np.intp)])
        wider._shares = np.concatenate([self._shares, np.zeros(n_more)])
        wider.cut_ = np.concatenate([self.cut_, np.full(n_more, np.nan)])
        wider.linear_ = np.concatenate([self.linear_, np.ones(n_more, dtype=bool)])
        wider.logged_ = np.concatenate([self.logged_, np.zeros(n_more, dtype=bool)])
        wider.knots_ = [*self.knots_, *[np.empty(0)] * n_more]
        for name, values in (
            ("low_", low),
            ("high_", high),
            ("fill_", center),
            ("center_", center),
            ("scale_", scale),
        ):
            setattr(wider, name, np.concatenate([getattr(self, name), values]))
        return wider

    def expand(self, X: FloatArray) -> FloatArray:
        """Return the design matrix of an array that is already known to be well formed.

        Parameters
        ----------
        X : ndarray of float64 of shape (n_samples, n_features)
            Raw predictors, NaN where missing.
        """
        joint = JointBasis([self])
        if len(X) <= _ROWS:
            return joint.expand(X)[0]
        found = np.empty((len(X), len(self.groups_)))
        for start in range(0, len(X), _ROWS):
            found[start : start + _ROWS] = joint.expand(X[start : start + _ROWS])[0]
        return found

    def transform(self, X: ArrayLike) -> FloatArray:
        """Return the design matrix.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Raw predictors, NaN where missing.

        Returns
        -------
        ndarray of shape (n_samples, n_columns_out)
            Columns with mean 0 and SD 1 in training (indicators of rare categories: less).
        """
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        values: FloatArray = validate_data(
            self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False
        )
        return self.expand(values)
