"""Both horizons together: the patients as arrays, and the whole procedure fitted to them.

Response at T1 is fitted on every patient whose T1 is known; "kept at T2" on T1 responders seen
at T2, taking those who were not seen as missing at random given the predictors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.dictionary.variable import Variable
from training.fitting.fit import FittedOutcome, fit_constant, fit_kept, fit_outcome, pull_to_rate
from training.fitting.gaps import learn_gaps
from training.fitting.procedure import Procedure
from training.model.gaps import Gaps
from training.model.response_model import compute_probability

__all__ = ["Fit", "Fitted", "FittedResponse", "TrainingData", "fit_response"]

_FEWEST_DIFFERENT = 20


@dataclass(frozen=True)
class TrainingData:
    """Labelled patients as arrays.

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors, NaN where missing.
    predictors : tuple of Variable
        In the order of the columns.
    horizons : tuple of str
        ("t1",), ("t1", "t2") or ("t2",).
    y : dict of str to ndarray of shape (n,)
        Outcome at each horizon: 1, 0, or NaN where unknown.
    kept : ndarray of shape (n,)
        Among T1 responders seen at T2: 1 kept, 0 lost; else NaN. All NaN with one horizon.
    groups : ndarray of int of shape (n,)
        Patient of each row.
    """

    X: FloatArray
    predictors: tuple[Variable, ...]
    horizons: tuple[str, ...]
    y: dict[str, FloatArray]
    kept: FloatArray
    groups: IntArray

    def __len__(self) -> int:
        return len(self.X)

    @property
    def has_kept(self) -> bool:
        """Whether the second horizon is a product."""
        return len(self.horizons) == 2

    @property
    def strata(self) -> IntArray:
        """What folds are balanced over: the joint state of the outcomes, unknown included."""
        first = np.nan_to_num(self.y[self.horizons[0]], nan=2.0)
        return np.asarray(first * 3 + np.nan_to_num(self.kept, nan=2.0), dtype=np.intp)

    @property
    def sha256(self) -> str:
        """Digest of predictors and first outcome, whatever the order of rows and predictors.

        A file that was saved anew, in another format, has the same. Empty where so few rows
        differ that other patients might have the same by chance.
        """
        order = np.argsort([variable.name for variable in self.predictors])
        rows = np.column_stack([self.X[:, order], self.y[self.horizons[0]]]).astype("<f8")
        rows[np.isnan(rows)] = np.nan  # of the many that there are, one; and 0 has no sign
        written = sorted(row.tobytes() for row in rows + 0.0)
        if len(set(written)) < _FEWEST_DIFFERENT:
            return ""
        return hashlib.sha256(b"".join(written)).hexdigest()

    def take(self, rows: IntArray | BoolArray) -> TrainingData:
        """Return the data of some rows; a row may be taken several times."""
        return replace(
            self,
            X=self.X[rows],
            y={h: y[rows] for h, y in self.y.items()},
            kept=self.kept[rows],
            groups=self.groups[rows],
        )


@dataclass(frozen=True)
class FittedResponse:
    """The fitted outcomes of all horizons.

    Parameters
    ----------
    first : FittedOutcome
        Of the first horizon.
    kept : FittedOutcome or None
        Of the second, given the first.
    gaps : Gaps or None
        How gaps are filled; None: each by the middle.
    """

    first: FittedOutcome
    kept: FittedOutcome | None
    gaps: Gaps | None = None

    @property
    def outcomes(self) -> dict[str, FittedOutcome]:
        """Each outcome by its name in results: "response", and "kept" with two horizons."""
        return {"response": self.first} | ({} if self.kept is None else {"kept": self.kept})

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities, of shape (n, n_horizons), of raw predictors `X`."""
        kept = None if self.kept is None else self.kept.model
        return compute_probability(self.first.model, kept, self.gaps, X)


class Fitted(Protocol):
    """Anything that gives probabilities of shape (n, n_horizons)."""

    def probability(self, X: FloatArray) -> FloatArray:
        """Return the probabilities of raw predictors `X`."""


class Fit(Protocol):
    """A way from training data to a model."""

    def __call__(self, data: TrainingData, *, rng: np.random.Generator) -> Fitted:
        """Make a model."""


def fit_response(
    data: TrainingData, procedure: Procedure, *, rng: np.random.Generator
) -> FittedResponse:
    """Run the whole procedure for every horizon.

    Parameters
    ----------
    data : TrainingData
        Rows with an unknown outcome are left out of the fit of that outcome.
    procedure : Procedure
        What to fit and how.
    rng : numpy.random.Generator
        Source of randomness.
    """
    y = data.y[data.horizons[0]]
    known = ~np.isnan(y)
    gaps = learn_gaps(data.X, data.predictors) if procedure.shrinks_itself else None
    first = fit_outcome(
        data.X[known], y[known], data.groups[known], data.predictors, procedure, rng=rng, gaps=gaps
    )
    pull, rates = procedure.published_patients, procedure.published_rates
    if pull:
        first = pull_to_rate(first, data.X[known], rate=rates[0], n_patients=pull, gaps=gaps)
    if not data.has_kept:
        return FittedResponse(first, None, gaps)
    seen = ~np.isnan(data.kept)
    X, kept_y = data.X[seen], data.kept[seen]
    if not seen.any():  # happens in small bootstrap samples only: a study is checked before
        kept = fit_constant(data.X, kept_y, data.predictors, reason="nobody was seen")
        return FittedResponse(first, kept, gaps)
    kept = fit_kept(X, kept_y, data.groups[seen], data.predictors, procedure, rng=rng, gaps=gaps)
    if pull:
        rate, n_patients = rates[1] / rates[0], pull * rates[0]
        kept = pull_to_rate(kept, X, rate=rate, n_patients=n_patients, gaps=gaps)
    return FittedResponse(first, kept, gaps)
