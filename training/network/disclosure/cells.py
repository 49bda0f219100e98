"""Which groups of a centre's patients are too small for slopes to be told of an outcome.

A coefficient of a flag that three patients carry is told by those three: the gradient in its
column is the sum of their residuals. A reason names the column and what can be done, and never
how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.arrays import FloatArray
from features.dictionary.transformers import PredictorBasis

__all__ = ["check_cells"]


def check_cells(
    X: FloatArray, y: FloatArray, basis: PredictorBasis, names: Sequence[str], *, cell: int
) -> list[str]:
    """Return why slopes of an outcome may not leave; empty where they may.

    Checked are the patients with and without the outcome, those with each value of a flag or a
    category, and, of a number, those who differ from its most frequent value in each of its columns
    (a bend that fewer patients reach is told by those).

    Parameters
    ----------
    X : ndarray of shape (n, n_predictors)
        Raw predictors of the patients whose outcome is known, NaN where missing.
    y : ndarray of shape (n,)
        Outcome, 0 or 1.
    basis : PredictorBasis
        Fitted.
    names : sequence of str
        Of the predictors.
    cell : int
        Fewest patients that may be told of.

    Returns
    -------
    list of str
        Sentences without a count under the limit.

    References
    ----------
    Hundepool 2012, Statistical Disclosure Control, doi:10.1002/9781118348239 (minimum frequency
    rule). DataSHIELD's nfilter.tab does the same: Gaye 2014, doi:10.1093/ije/dyu188.
    """
    reasons = []
    events = int(np.sum(y == 1))
    if min(events, int(np.sum(y == 0))) < cell:
        reasons.append(
            f"fewer than {cell} patients with or fewer than {cell} without the outcome; "
            "share slopes of it in a new network, when more patients have been treated"
        )
    return reasons + _check_values(X, basis, names, cell) + _check_columns(X, basis, names, cell)


def _check_values(
    X: FloatArray, basis: PredictorBasis, names: Sequence[str], cell: int
) -> list[str]:
    """Return the flags and categories of which a value has too few patients."""
    reasons = []
    for j, n_levels in dict(basis.categories or {}).items():
        counts = [int(np.sum(X[:, j] == level)) for level in range(n_levels)]
        if min(counts) < cell:
            of = "one side of it" if n_levels == 2 else "one of its categories"
            reasons.append(
                f"{names[j]}: fewer than {cell} patients on {of}; in a new network leave it out of "
                "the protocol, join it with a wider one, or share when more have been treated"
            )
    return reasons


def _check_columns(
    X: FloatArray, basis: PredictorBasis, names: Sequence[str], cell: int
) -> list[str]:
    """Return the numbers with a column in which too few patients differ from all others."""
    Z = basis.expand(X)
    few: list[str] = []
    for out, j in enumerate(basis.groups_):
        if j in dict(basis.categories or {}):
            continue
        _, counts = np.unique(Z[:, out], return_counts=True)
        most = int(counts.max()) if len(counts) else 0
        if len(Z) - most < cell and names[j] not in few:
            few.append(names[j])
    return [
        f"{name}: fewer than {cell} patients differ from its most frequent value, or reach where "
        "it bends; in a new network leave it out of the protocol, keep it straight, or agree on "
        "other ends"
        for name in few
    ]
